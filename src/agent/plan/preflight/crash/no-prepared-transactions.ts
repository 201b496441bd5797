import { notProvable, type Obligation } from './obligation.ts';

/** Before MySQL 8.0.30, and on MariaDB, XA PREPARE is not one with the binary log: recovery may keep what it does not have. */
export const noPreparedTransactions: Obligation = ({ recovery }) =>
  recovery === undefined || recovery.preparedTransactions === 0
    ? []
    : [
        notProvable(
          `${recovery.preparedTransactions} prepared XA transactions are pending: this server does not recover them together with the binary log`,
          'XA RECOVER; lists them: let their owners end them by XA COMMIT or XA ROLLBACK.',
        ),
      ];
