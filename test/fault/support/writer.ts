import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';

const PAUSE_MS = 20;
const BETWEEN_CONNECTIONS_MS = 50;

/** An application: commits one row of InnoDB again and again, and comes back when the server does. */
export class Writer implements AsyncDisposable {
  /** Where InnoDB's redo log ended before the last commit that was acknowledged: all others are in it up to there. */
  acknowledgedLsn = 0n;
  readonly #connect: () => Promise<Connection>;
  readonly #waiting = new Set<() => void>();
  readonly #life: Promise<void>;
  #connection: Connection | undefined;
  #stopped = false;

  constructor(connect: () => Promise<Connection>) {
    this.#connect = connect;
    this.#life = this.#write();
  }

  /** Waits for a commit that is begun after this call. Throws where there is none within `ms`. */
  async commitsWithin(ms: number): Promise<void> {
    const cancel = new AbortController();
    const late = sleep(ms, undefined, { signal: cancel.signal }).then(() => {
      throw new Error(`no commit for ${ms} ms`);
    });
    try {
      await Promise.race([this.#nextCommit().then(() => this.#nextCommit()), late]);
    } finally {
      cancel.abort();
      late.catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#connection?.destroy();
    await this.#life;
  }

  #nextCommit(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.add(resolve));
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#connection ??= await this.#prepared();
        const lsn = await lsnOf(this.#connection, 'CURRENT');
        await this.#connection.query('UPDATE application.counter SET commits = commits + 1');
        this.acknowledgedLsn = lsn;
        const waiting = [...this.#waiting];
        this.#waiting.clear();
        for (const resolve of waiting) resolve();
        await sleep(PAUSE_MS);
      } catch {
        this.#connection?.destroy();
        this.#connection = undefined;
        await sleep(BETWEEN_CONNECTIONS_MS);
      }
    }
  }

  async #prepared(): Promise<Connection> {
    const connection = await this.#connect();
    connection.on('error', () => {});
    await connection.query('CREATE DATABASE IF NOT EXISTS application');
    await connection.query('CREATE TABLE IF NOT EXISTS application.counter (commits BIGINT) ENGINE=InnoDB');
    await connection.query(
      'INSERT INTO application.counter SELECT 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM application.counter)',
    );
    return connection;
  }
}

/** Where the redo log ends, or up to where it has been flushed. */
export async function lsnOf(connection: Pick<Connection, 'query'>, which: 'CURRENT' | 'FLUSHED'): Promise<bigint> {
  const sql = `SELECT VARIABLE_VALUE AS lsn FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'INNODB_LSN_${which}'`;
  const [[row]] = await connection.query<RowDataPacket[]>(sql);
  return BigInt(row?.['lsn']);
}
