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
  for (const table of TABLES) await connection.query(table);
  for (const ledger of ledgers) {
    await connection.query(
      `CREATE TABLE ${ledger} (writer INT NOT NULL, seq INT NOT NULL, PRIMARY KEY (writer, seq)) ENGINE=${ENGINES[ledger]}`,
    );
  }
  await connection.query(`INSERT INTO accounts SELECT seq, ${OPENING_BALANCE} FROM seq_1_to_${ACCOUNTS}`);
}
