import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { OneHost } from './one-host.ts';

/** A statement that keeps a connection busy until the test ends it. */
export interface BusyConnection extends AsyncDisposable {
  readonly id: number;
  /** How the statement ended: the server's error number, or `undefined` where it ended well. */
  readonly ended: Promise<number | undefined>;
  isRunning(): Promise<boolean>;
  /** Whether the connection still answers. */
  answers(): Promise<boolean>;
}

/**
 * Starts a statement on a connection of its own, which was told `session` before, and waits until the server itself says
 * of it what `shows` says about its row of the process list.
 */
export async function busyWith(
  host: OneHost,
  statement: string,
  shows: string,
  session = 'DO 0',
): Promise<BusyConnection> {
  const connection = await host.server.connect();
  await connection.query(session);
  const id = connection.threadId;
  const ended = connection.query(statement).then(
    () => undefined,
    (error: { errno?: number }) => error.errno ?? 0,
  );
  const isRunning = () => listed(host.root, `ID = ${id} AND COMMAND = 'Query'`);
  while (!(await listed(host.root, `ID = ${id} AND COMMAND = 'Query' AND ${shows}`))) await sleep(20);
  return {
    id,
    ended,
    isRunning,
    answers: async () => (await connection.query('SELECT 1')) !== undefined,
    async [Symbol.asyncDispose]() {
      if (await isRunning()) await host.root.query(`KILL QUERY ${id}`);
      await ended;
      await connection.end();
    },
  };
}

async function listed(root: Connection, condition: string): Promise<boolean> {
  const [rows] = await root.query<RowDataPacket[]>(`SELECT 1 FROM information_schema.PROCESSLIST WHERE ${condition}`);
  return rows.length > 0;
}

/** An application that reads and commits over and over. */
export interface Traffic extends AsyncDisposable {
  /** Resolves with the next commit that is acknowledged from now on. */
  nextCommit(): Promise<void>;
  /** The longest time between two acknowledged commits so far, in milliseconds. */
  readonly longestGapMs: number;
}

/** `session`: what its session is told before it begins. */
export async function traffic(host: OneHost, session = 'DO 0'): Promise<Traffic> {
  const connection = await host.server.connect();
  await connection.query('DROP TABLE IF EXISTS mysql.traffic');
  await connection.query('CREATE TABLE mysql.traffic (a INT) ENGINE=InnoDB');
  await connection.query(session);
  let [longestGapMs, last, stopped] = [0, performance.now(), false];
  const events = new EventEmitter();
  const running = (async () => {
    while (!stopped) {
      await connection.query('INSERT INTO mysql.traffic VALUES (1)');
      const now = performance.now();
      longestGapMs = Math.max(longestGapMs, now - last);
      last = now;
      events.emit('commit');
      await connection.query('SELECT COUNT(*) FROM mysql.traffic');
    }
  })();
  return {
    nextCommit: async () => {
      await once(events, 'commit');
    },
    get longestGapMs() {
      return Math.round(Math.max(longestGapMs, performance.now() - last));
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await running;
      await connection.end();
    },
  };
}
