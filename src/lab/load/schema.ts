import type { Connection } from 'mysql2/promise';

export const SCHEMA = 'lab';
export const ACCOUNTS = 100;
export const OPENING_BALANCE = 1000;

const TABLES = [
  'CREATE TABLE ledger_innodb (writer INT NOT NULL, seq INT NOT NULL, PRIMARY KEY (writer, seq)) ENGINE=InnoDB',
  'CREATE TABLE ledger_myisam (writer INT NOT NULL, seq INT NOT NULL, PRIMARY KEY (writer, seq)) ENGINE=MyISAM',
  'CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL) ENGINE=InnoDB',
  'CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, writer INT NOT NULL, note VARCHAR(200)) ENGINE=InnoDB',
];

export async function createSchema(connection: Connection): Promise<void> {
  await connection.query(`CREATE DATABASE ${SCHEMA}`);
  await connection.query(`USE ${SCHEMA}`);
  for (const table of TABLES) await connection.query(table);
  await connection.query(`INSERT INTO accounts SELECT seq, ${OPENING_BALANCE} FROM seq_1_to_${ACCOUNTS}`);
}
