import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { messageOf } from '../../shared/errors.ts';
import { type Commit, entryKey, type Ledger } from './ledger.ts';
import { ACCOUNTS } from './schema.ts';

/** What a worker does over and over on a connection of its own, until it is told to stop. */
export interface Worker {
  readonly name: string;
  /** Milliseconds between two turns. */
  readonly pauseMs: number;
  turn(connection: Connection): Promise<void>;
}

/** Errors after which the server has rolled back, and the next transaction may be tried: lock wait timeout, deadlock. */
const TRY_AGAIN = new Set([1205, 1213]);

/** A duration by monotonic time that can be compared with the wall clock of other processes. */
const now = () => performance.timeOrigin + performance.now();

/** Small transactions over several InnoDB tables: a transfer, a note, and the entry in the ledger. */
export function innodbWriter(writer: number, acknowledged: (commit: Commit) => void): Worker {
  let seq = 0;
  return {
    name: `InnoDB writer ${writer}`,
    pauseMs: 4,
    async turn(connection) {
      seq += 1;
      const [from, to] = [1 + (seq % ACCOUNTS), 1 + ((seq * 7 + writer) % ACCOUNTS)];
      const sentAt = now();
      try {
        await connection.query('START TRANSACTION');
        await connection.query('INSERT INTO ledger_innodb VALUES (?, ?)', [writer, seq]);
        await connection.query('UPDATE accounts SET balance = balance - 1 WHERE id = ?', [from]);
        await connection.query('UPDATE accounts SET balance = balance + 1 WHERE id = ?', [to]);
        await connection.query('INSERT INTO notes (writer, note) VALUES (?, ?)', [
          writer,
          entryKey('ledger_innodb', writer, seq),
        ]);
        await connection.query('COMMIT');
      } catch (error) {
        if (!isTryAgain(error)) throw error;
        await connection.query('ROLLBACK');
        return;
      }
      acknowledged({ ledger: 'ledger_innodb', writer, seq, sentAt, ackedAt: now() });
    },
  };
}

/** MyISAM knows no transaction: what is written is written. */
export function myisamWriter(writer: number, acknowledged: (commit: Commit) => void): Worker {
  const ledger: Ledger = 'ledger_myisam';
  let seq = 0;
  return {
    name: `MyISAM writer ${writer}`,
    pauseMs: 5,
    async turn(connection) {
      seq += 1;
      const sentAt = now();
      await connection.query('INSERT INTO ledger_myisam VALUES (?, ?)', [writer, seq]);
      acknowledged({ ledger, writer, seq, sentAt, ackedAt: now() });
    },
  };
}

/**
 * Each statement until it is done: MySQL sacrifices DDL that comes between somebody's LOCK INSTANCE FOR BACKUP and
 * FLUSH TABLES WITH READ LOCK (1213 at once, nothing done).
 */
export function ddlWorker(done: () => void): Worker {
  let count = 0;
  return {
    name: 'DDL',
    pauseMs: 100,
    async turn(connection) {
      count += 1;
      const table = `side_${count}`;
      await untilDone(connection, `CREATE TABLE ${table} (id INT PRIMARY KEY, text VARCHAR(20)) ENGINE=InnoDB`);
      await untilDone(connection, `INSERT INTO ${table} VALUES (1, 'one')`);
      await untilDone(connection, `ALTER TABLE ${table} ADD COLUMN more INT DEFAULT 7, ADD INDEX (more)`);
      if (count > 1) await untilDone(connection, `DROP TABLE side_${count - 1}`);
      done();
    },
  };
}

/** As logrotate does: the binary log is rotated whatever else goes on, a backup's read lock included. */
export function logRotator(done: () => void): Worker {
  return {
    name: 'FLUSH LOGS',
    pauseMs: 2_000,
    async turn(connection) {
      await connection.query('FLUSH LOGS');
      done();
    },
  };
}

/** A report that takes about a second, over and over: the agent's gate refuses what has run for its threshold (3 s). */
export function longReader(done: () => void): Worker {
  return {
    name: 'long SELECT',
    pauseMs: 10,
    async turn(connection) {
      await connection.query('SELECT SUM(balance + SLEEP(0.01)) FROM accounts');
      done();
    },
  };
}

/** Runs a worker until the signal, then to the end of its turn. Its pauses are as many times as long as `slowness` says at the time. */
export async function work(
  worker: Worker,
  connection: Connection,
  slowness: () => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await worker.turn(connection);
    } catch (error) {
      throw new Error(`${worker.name}: ${messageOf(error)}`, { cause: error });
    }
    await sleep(worker.pauseMs * slowness(), undefined, { signal }).catch(() => undefined);
  }
}

/** Says a statement until it is done; where the server has sacrificed it, nothing has been. */
export async function untilDone(connection: Connection, statement: string): Promise<void> {
  for (;;) {
    try {
      await connection.query(statement);
      return;
    } catch (error) {
      if (!isTryAgain(error)) throw error;
    }
  }
}

const isTryAgain = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' && TRY_AGAIN.has(error.errno);
