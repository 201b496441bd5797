import { notProvable, type Obligation } from './obligation.ts';

/** At 0 and 2 the redo log reaches the volume about once a second. 3 is MariaDB's, and syncs more often than 1. */
export const redoFlushedAtCommit: Obligation = ({ flushLogAtTrxCommit }) =>
  flushLogAtTrxCommit === 1 || flushLogAtTrxCommit === 3
    ? []
    : [
        notProvable(
          `innodb_flush_log_at_trx_commit is ${flushLogAtTrxCommit}: acknowledged commits may be missing from the redo log of the image`,
          'SET GLOBAL innodb_flush_log_at_trx_commit = 1; (and in the option file), or use --level application.',
        ),
      ];
