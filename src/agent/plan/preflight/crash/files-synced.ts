import { notProvable, type Obligation } from './obligation.ts';

/** Methods that leave the syncing to chance [doc: innodb_flush_method]. */
const UNSYNCED = ['NOSYNC', 'LITTLESYNC'];

export const filesSynced: Obligation = ({ flushMethod }) =>
  UNSYNCED.includes(flushMethod.toUpperCase())
    ? [
        notProvable(
          `innodb_flush_method is ${flushMethod}: what InnoDB has written may not have reached the volume`,
          'Set innodb_flush_method = O_DIRECT in the option file and restart the server.',
        ),
      ]
    : [];
