import { notProvable, type Obligation, settingHint } from './obligation.ts';

/** At 0 and 2 the redo log reaches the volume about once a second. 3 is MariaDB's, and syncs more often than 1. */
export const redoFlushedAtCommit: Obligation = (server) =>
  server.flushLogAtTrxCommit === 1 || server.flushLogAtTrxCommit === 3
    ? []
    : [
        notProvable(
          `innodb_flush_log_at_trx_commit is ${server.flushLogAtTrxCommit}: acknowledged commits may be missing from the redo log of the image`,
          settingHint(server, 'innodb_flush_log_at_trx_commit = 1'),
        ),
      ];
