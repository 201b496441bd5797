import { notProvable, type Obligation } from './obligation.ts';

/** The binary log decides in recovery what was committed: a commit that had not reached it is rolled back. */
export const binlogSynced: Obligation = ({ binlogEnabled, syncBinlog }) =>
  !binlogEnabled || syncBinlog === 1
    ? []
    : [
        notProvable(
          `sync_binlog is ${syncBinlog}: acknowledged commits may be missing from the binary log of the image`,
          'SET GLOBAL sync_binlog = 1; (and in the option file), or use --level application.',
        ),
      ];
