import { setTimeout as sleep } from 'node:timers/promises';
import { type EntryKey, entryKey } from '../../../src/lab/load/ledger.ts';
import { SCHEMA } from '../../../src/lab/load/schema.ts';
import { type BinlogContents, BinlogText } from '../../../src/lab/rehearsal/binlog-text.ts';
import type { BinlogPosition } from '../../../src/shared/coordinates.ts';
import type { Guest } from '../guest/guest.ts';
import { sql } from '../installed-agent.ts';

/** One table in the data directory, the others each on a stack of its own. Every transaction writes into all of them. */
export const LEDGERS: Readonly<Record<string, string | undefined>> = {
  ledger_innodb: undefined,
  sealed: '/sealed/mysql',
  mirrored: '/mirrored/mysql',
  wide: '/wide/mysql',
  thin: '/thin/mysql',
};

/** A commit that a client saw acknowledged, by the server's clock in milliseconds. */
export interface Acknowledged {
  readonly entry: EntryKey;
  readonly at: number;
}

const WRITERS = [1, 2];
/** It never commits: what it has written is undone wherever the server starts again. */
export const UNCOMMITTED: EntryKey = entryKey('ledger_innodb', 9, 1);
const ACKNOWLEDGED = '/var/tmp/acknowledged';
const DEADLINE_MS = 180_000;

export async function startLoad(guest: Guest): Promise<void> {
  const tables = Object.entries(LEDGERS).map(
    ([name, folder]) =>
      `CREATE TABLE ${SCHEMA}.${name} (writer INT, seq INT, PRIMARY KEY (writer, seq)) ENGINE=InnoDB` +
      (folder === undefined ? '' : ` DATA DIRECTORY='${folder}'`),
  );
  await sql(guest, [`CREATE DATABASE ${SCHEMA}`, ...tables].join(';'));
  const client = `mariadb --unbuffered --skip-column-names ${SCHEMA} >>${ACKNOWLEDGED}`;
  for (const writer of WRITERS) {
    const inserts = Object.keys(LEDGERS).map((name) => `INSERT INTO ${name} VALUES (${writer}, $n);`);
    const acknowledge = `SELECT ${writer}, $n, UNIX_TIMESTAMP(NOW(6)) * 1000;`;
    const transaction = ['START TRANSACTION;', ...inserts, 'COMMIT;', acknowledge].join(' ');
    const writes = `for ((n = 1; ; ++n)); do sleep 0.05; echo "${transaction}"; done`;
    await startUnit(guest, `writer-${writer}`, `${writes} | ${client}`);
  }
  const inserts = Object.keys(LEDGERS).map((name) => `INSERT INTO ${name} VALUES (9, 1);`);
  await startUnit(guest, 'uncommitted', `(echo "START TRANSACTION; ${inserts.join(' ')}"; sleep infinity) | ${client}`);
}

async function startUnit(guest: Guest, unit: string, program: string): Promise<void> {
  await guest.run(['systemd-run', '--quiet', `--unit=${unit}`, 'bash', '-c', program]);
}

export async function acknowledged(guest: Guest): Promise<readonly Acknowledged[]> {
  const text = await guest.run(['cat', ACKNOWLEDGED]);
  return text.split('\n').map((line) => {
    const [writer, seq, at] = line.split('\t').map(Number);
    return { entry: entryKey('ledger_innodb', writer ?? 0, seq ?? 0), at: at ?? 0 };
  });
}

/** Waits until every writer has had this many more commits acknowledged. */
export async function moreCommits(guest: Guest, number: number): Promise<void> {
  const counts = async () => {
    const keys = (await guest.run(['cut', '--fields=1', ACKNOWLEDGED])).split('\n');
    return WRITERS.map((writer) => keys.filter((key) => key === String(writer)).length);
  };
  const giveUp = performance.now() + DEADLINE_MS;
  const wanted = (await counts()).map((count) => count + number);
  while ((await counts()).some((count, index) => count < (wanted[index] ?? 0))) {
    if (performance.now() > giveUp) throw new Error('the writers do not get on');
    await sleep(200);
  }
}

/** What stands in a server's binary log from a place to its end. */
export async function binlogFrom(guest: Guest, folder: string, from: BinlogPosition): Promise<BinlogContents> {
  const decoded = ['mariadb-binlog', '--no-defaults', '--base64-output=decode-rows', '--verbose'];
  const text = await guest.run([...decoded, `--start-position=${from.position}`, `${folder}/${from.file}`]);
  const contents = new BinlogText();
  for (const line of text.split('\n')) contents.read(line);
  return contents.contents;
}

/** The entries of one table. */
export async function entriesOf(guest: Guest, table: string): Promise<ReadonlySet<EntryKey>> {
  const rows = await sql(guest, `SELECT writer, seq FROM ${SCHEMA}.${table}`);
  return new Set(
    rows.split('\n').map((row) => {
      const [writer, seq] = row.split('\t').map(Number);
      return entryKey('ledger_innodb', writer ?? 0, seq ?? 0);
    }),
  );
}
