import type { Check } from './refusal.ts';

/** [MariaDB manual, innodb_log_archive]: the redo log is then not the one file that the agent knows and a restore looks for. */
export const redoNotArchived: Check = ({ server: { redoArchived } }) =>
  redoArchived
    ? [
        {
          code: 'server-unsupported',
          message:
            'innodb_log_archive = ON is not supported: the redo log is then a series of files that the agent does not know',
          hint: 'SET GLOBAL innodb_log_archive = OFF; and remove it from the option file.',
        },
      ]
    : [];
