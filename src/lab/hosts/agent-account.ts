/** What the agent's account on MariaDB needs, each the least that works on 10.11, and what for. */
export const AGENT_PRIVILEGES = [
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
] as const;

/** The statements that make the account. `passwordHex` is hexadecimal digits, so that it needs no quoting. */
export const agentAccount = (user: string, passwordHex: string): readonly string[] => [
  `CREATE USER \`${user}\`@localhost IDENTIFIED BY '${passwordHex}'`,
  `GRANT ${AGENT_PRIVILEGES.join(', ')} ON *.* TO \`${user}\`@localhost`,
];
