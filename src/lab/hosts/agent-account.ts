import type { Flavour } from '../servers/flavour.ts';

interface Grant {
  readonly privileges: readonly string[];
  readonly on: string;
}

/** What the agent's account needs, each the least that works (on MariaDB 10.11 and MySQL 9.7), and what for. */
const GRANTS: Readonly<Record<Flavour['name'], readonly Grant[]>> = {
  mariadb: [
    {
      privileges: [
        // BACKUP STAGE.
        'RELOAD',
        // Everybody's statements in the process list (the gate), and where InnoDB keeps its files.
        'PROCESS',
        // SHOW BINLOG STATUS and SHOW BINLOG EVENTS.
        'BINLOG MONITOR',
        // SHOW ALL SLAVES STATUS: whether it is a replica, and how far it has got.
        'SLAVE MONITOR',
        // All tables in information_schema.TABLES, for the proofs of level crash.
        'SHOW VIEW',
      ],
      on: '*.*',
    },
  ],
  mysql: [
    {
      privileges: [
        // FLUSH TABLES WITH READ LOCK and FLUSH LOCAL ENGINE LOGS.
        'RELOAD',
        // Everybody's statements in the process list (the gate), and where InnoDB keeps its files.
        'PROCESS',
        // SHOW BINARY LOG STATUS and SHOW REPLICA STATUS.
        'REPLICATION CLIENT',
        // All tables in information_schema.TABLES, for the proofs of level crash.
        'SHOW VIEW',
        // LOCK INSTANCE FOR BACKUP.
        'BACKUP_ADMIN',
      ],
      on: '*.*',
    },
    // Who holds which lock.
    { privileges: ['SELECT'], on: 'performance_schema.*' },
  ],
};

/** The statements that make the account. `passwordHex` is hexadecimal digits, so that it needs no quoting. */
export const agentAccount = (flavour: Flavour['name'], user: string, passwordHex: string): readonly string[] => [
  `CREATE USER \`${user}\`@localhost IDENTIFIED BY '${passwordHex}'`,
  ...GRANTS[flavour].map(({ privileges, on }) => `GRANT ${privileges.join(', ')} ON ${on} TO \`${user}\`@localhost`),
];
