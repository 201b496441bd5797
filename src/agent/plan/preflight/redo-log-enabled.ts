import type { Check } from './refusal.ts';

/** Without redo log an image of a running server does not start (MySQL says MY-013598). */
export const redoLogEnabled: Check = ({ server }) =>
  server.redoLogEnabled
    ? []
    : [
        {
          code: 'server-unsupported',
          message: 'the InnoDB redo log is disabled',
          hint: 'ALTER INSTANCE ENABLE INNODB REDO_LOG;',
        },
      ];
