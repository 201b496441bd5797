import { notProvable, type Obligation, settingHint } from './obligation.ts';

/** The binary log decides in recovery what was committed: a commit that had not reached it is rolled back. */
export const binlogSynced: Obligation = (server) =>
  !server.binlogEnabled || server.syncBinlog === 1
    ? []
    : [
        notProvable(
          `sync_binlog is ${server.syncBinlog}: acknowledged commits may be missing from the binary log of the image`,
          settingHint(server, 'sync_binlog = 1'),
        ),
      ];
