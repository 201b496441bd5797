import type { Connection } from 'mysql2/promise';
import type { Ledger } from './ledger.ts';

export const SCHEMA = 'lab';
export const ACCOUNTS = 100;
export const OPENING_BALANCE = 1000;

const ENGINES: Readonly<Record<Ledger, string>> = { ledger_innodb: 'InnoDB', ledger_myisam: 'MyISAM' };

const TABLES = [
  'CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL) ENGINE=InnoDB',
  'CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, writer INT NOT NULL, note VARCHAR(200)) ENGINE=InnoDB',
];

/** Makes the load's tables, anew where an earlier load has left some. */
export async function createSchema(connection: Connection, ledgers: readonly Ledger[]): Promise<void> {
  await connection.query(`DROP DATABASE IF EXISTS ${SCHEMA}`);
  await connection.query(`CREATE DATABASE ${SCHEMA}`);
  await connection.query(`USE ${SCHEMA}`);
  for (const ledger of ledgers) {
    const columns = 'writer INT NOT NULL, seq INT NOT NULL, PRIMARY KEY (writer, seq)';
    await connection.query(`CREATE TABLE ${ledger} (${columns}) ENGINE=${ENGINES[ledger]}`);
  }
  for (const table of TABLES) await connection.query(table);
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => `(${index + 1}, ${OPENING_BALANCE})`);
  await connection.query(`INSERT INTO accounts VALUES ${accounts.join(', ')}`);
}
