import { leavesSyncingOut } from '../flush-method.ts';
import { notProvable, type Obligation } from './obligation.ts';

export const filesSynced: Obligation = (server) =>
  leavesSyncingOut(server)
    ? [
        notProvable(
          `innodb_flush_method is ${server.flushMethod}: what InnoDB has written may not have reached the volume`,
          'Set innodb_flush_method = O_DIRECT in the option file and restart the server.',
        ),
      ]
    : [];
