import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { untilDone } from '../load/workers.ts';

/** The schema of the tables elsewhere. They are kept out of the binary log, so no replica has them. */
export const ELSEWHERE = 'elsewhere';

/**
 * What was seen of a table elsewhere that was created; absent: not yet. Times are whole milliseconds of the wall clock, as a manifest's: of two
 * that differ, the lesser was earlier.
 */
export interface TableElsewhere {
  readonly table: string;
  readonly createdAt: number;
  /** When its rows 1, 2 … were acknowledged. */
  readonly ackedAt: readonly number[];
  /** When its last row was sent, acknowledged or not. */
  readonly lastSentAt?: number;
  readonly dropSentAt?: number;
}

const PAUSE_MS = 10;

/**
 * Creates a table with its file in a folder of another volume, and commits rows into it, one by one, until it is dropped.
 * The connection is the table's own; it must keep what it does out of the binary log.
 */
export async function createTableElsewhere(connection: Connection, table: string, folder: string): Promise<OpenTable> {
  const name = `${ELSEWHERE}.${table}`;
  await untilDone(connection, `CREATE DATABASE IF NOT EXISTS ${ELSEWHERE}`);
  await untilDone(
    connection,
    `CREATE TABLE ${name} (entry INT NOT NULL PRIMARY KEY) ENGINE=InnoDB DATA DIRECTORY='${folder}'`,
  );
  const seen: { -readonly [Name in keyof TableElsewhere]: TableElsewhere[Name] } & { ackedAt: number[] } = {
    table,
    createdAt: Date.now(),
    ackedAt: [],
  };
  const stop = new AbortController();
  const written = write();
  // Heard by drop(); until then it must not count as unhandled.
  written.catch(() => undefined);

  async function write(): Promise<void> {
    while (!stop.signal.aborted) {
      seen.lastSentAt = Date.now();
      await untilDone(connection, `INSERT INTO ${name} VALUES (${seen.ackedAt.length + 1})`);
      seen.ackedAt.push(Date.now());
      await sleep(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  return {
    seen,
    async drop() {
      stop.abort();
      await written;
      seen.dropSentAt = Date.now();
      await untilDone(connection, `DROP TABLE ${name}`);
    },
  };
}

export interface OpenTable {
  /** Kept up to date. */
  readonly seen: TableElsewhere;
  /** Throws what a row met that could not be written. */
  drop(): Promise<void>;
}
