import { dirname, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectClear } from '../../support/clear-ending.ts';
import { holdStatement } from '../../support/held-socket.ts';
import { type AgentRun, expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';
import { type BusyConnection, busyWith, traffic } from '../../support/server-work.ts';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
  for (const engine of ['InnoDB', 'MyISAM']) {
    await host.root.query(`CREATE TABLE mysql.busy_${engine} (a INT) ENGINE=${engine}`);
    await host.root.query(`INSERT INTO mysql.busy_${engine} VALUES (1)`);
  }
});
afterAll(() => host?.[Symbol.asyncDispose]());
afterEach(() => expectHostWhole(host));

const READER = "SELECT SLEEP(600 + a), CHAR_LENGTH('geheim') FROM mysql.busy_InnoDB";

it('a long reader: refused and named before any lock is asked, and nobody else notices', async () => {
  await using reader = await busyWith(host, READER, 'TIME >= 1');
  await using others = await traffic(host);
  const asked = await recordOfTheServer(async () => {
    const run = await host.agent('snapshot', '--long-query-threshold', '1');
    expectClear(run, 25, 'long-statement', `statement ${reader.id} of root (SELECT SLEEP …) has run for`);
    expect(run.stdout + run.stderr).not.toContain('geheim');
    await others.nextCommit();
  });
  expect(asked.filter((statement) => statement.includes('PROCESSLIST'))).not.toEqual([]);
  expect(asked.filter((statement) => /BACKUP|FLUSH|LOCK TABLES/.test(statement))).toEqual([]);
  expect(await reader.isRunning()).toBe(true);
});

interface Blocker {
  readonly statement: string;
  /** By what the process list shows that it is in the way. */
  readonly shows: string;
}

/** It writes to a table that is not transactional: waited for before any commit is held back. */
const WRITER: Blocker = { statement: 'UPDATE mysql.busy_MyISAM SET a = SLEEP(600)', shows: "STATE = 'User sleep'" };
/** A commit that is under way and does not end, here for want of a replica: waited for while commits are held back. */
const COMMITTER: Blocker = { statement: 'INSERT INTO mysql.busy_InnoDB VALUES (2)', shows: "STATE LIKE '%semi-sync%'" };

/** Runs the agent while a statement starts that blocks its lock, exactly between the gate and the lock. */
async function slippedIn(
  { statement, shows }: Blocker,
  tries: string,
): Promise<{ run: AgentRun; times: number; blockerLives: boolean }> {
  const socket = join(dirname(host.optionFile), 'held.sock');
  const blockers: BusyConnection[] = [];
  await using _door = await holdStatement(socket, host.server.socket, 'BACKUP STAGE FLUSH', async () => {
    blockers.push(await busyWith(host, statement, shows));
  });
  try {
    const timeout = String(LOCK_TIMEOUT_MS / 1000);
    const run = await host.agent('snapshot', '--socket', socket, '--lock-timeout', timeout, '--lock-tries', tries);
    const running = await Promise.all(blockers.map((blocker) => blocker.isRunning()));
    return { run, times: blockers.length, blockerLives: running.every(Boolean) };
  } finally {
    for (const blocker of blockers) await blocker[Symbol.asyncDispose]();
  }
}

const LOCK_TIMEOUT_MS = 1_000;
/** Promised: whoever slips in, commits resume within the lock timeout and this. */
const RESUMED_AFTER_TIMEOUT_MS = 500;

describe('a blocker that slips in between the gate and the lock: all is given back, commits resume in time', () => {
  it('where none was held back yet, they go on beside it', async () => {
    await using others = await traffic(host);
    const { run, blockerLives } = await slippedIn(WRITER, '1');
    await others.nextCommit();
    expectClear(run, 30, 'lock-timeout', 'BACKUP STAGE BLOCK_DDL: not granted within 1 s');
    expect(run.result).toMatchObject({ outcome: 'failed', stallMs: 0 });
    expect(blockerLives).toBe(true);
    expect(others.longestGapMs).toBeLessThanOrEqual(LOCK_TIMEOUT_MS + RESUMED_AFTER_TIMEOUT_MS);
  });

  it('where they were held back', async () => {
    await using others = await traffic(host, 'SET SESSION sql_log_bin = 0');
    await using _noReplica = await commitsWaitForReplica();
    const { run, blockerLives } = await slippedIn(COMMITTER, '1');
    await others.nextCommit();
    expectClear(run, 30, 'lock-timeout', 'BACKUP STAGE BLOCK_COMMIT: not granted within 1 s');
    expect(run.result?.stallMs).toBeGreaterThanOrEqual(LOCK_TIMEOUT_MS);
    expect(blockerLives).toBe(true);
    // They did wait. A commit may still be acknowledged when the lock has been asked for: the gap begins there.
    expect(others.longestGapMs).toBeGreaterThan(LOCK_TIMEOUT_MS / 2);
    expect(others.longestGapMs).toBeLessThanOrEqual(LOCK_TIMEOUT_MS + RESUMED_AFTER_TIMEOUT_MS);
  });
});

/** From now on a commit that goes to the binary log waits for the acknowledgement of a replica; there is none. */
async function commitsWaitForReplica(): Promise<AsyncDisposable> {
  const set = (name: string, value: string) => host.root.query(`SET GLOBAL rpl_semi_sync_master_${name} = ${value}`);
  await set('wait_no_slave', 'ON');
  await set('wait_point', 'AFTER_SYNC');
  await set('timeout', '600000');
  await set('enabled', 'ON');
  return {
    async [Symbol.asyncDispose]() {
      await set('enabled', 'OFF');
    },
  };
}

it('while the blocker lives there is no second try', async () => {
  const { run, times, blockerLives } = await slippedIn(WRITER, '3');
  expectClear(run, 30, 'lock-timeout', 'UPDATE mysql.busy_MyISAM SET a');
  expect({ times, blockerLives }).toEqual({ times: 1, blockerLives: true });
});

it('killing is opt-in: the statement is killed, its connection lives, the run is done and says so', async () => {
  await host.root.query('GRANT CONNECTION ADMIN ON *.* TO ebs_snapshot@localhost');
  await using reader = await busyWith(host, READER, 'TIME >= 1');
  const run = await host.agent('snapshot', '--long-query-threshold', '1', '--kill-long-queries-after', '2');
  await host.root.query('REVOKE CONNECTION ADMIN ON *.* FROM ebs_snapshot@localhost');
  expect(run.result).toMatchObject({ outcome: 'done', grade: 'application', warnings: ['statement-killed'] });
  const killed = new RegExp(`statement ${reader.id} of root \\(SELECT SLEEP …\\) was killed after (\\d+) s`);
  expect(Number(killed.exec(run.stderr)?.[1])).toBeGreaterThanOrEqual(2);
  expect(run.stderr).not.toContain('geheim');
  expect(await reader.ended).toBe(ER_QUERY_INTERRUPTED);
  expect(await reader.answers()).toBe(true);
});

it('killing without the privilege for it: refused with the GRANT', async () => {
  const run = await host.agent('snapshot', '--kill-long-queries-after', '60');
  expectClear(run, 17, 'server-denied', 'lacks CONNECTION ADMIN');
  expect(run.result?.hint).toContain('GRANT CONNECTION ADMIN ON *.*');
});

it('a run that waits for a statement can be cancelled', async () => {
  await host.root.query('GRANT CONNECTION ADMIN ON *.* TO ebs_snapshot@localhost');
  await using reader = await busyWith(host, READER, 'TIME >= 1');
  const run = host.start('snapshot', '--long-query-threshold', '1', '--kill-long-queries-after', '3600');
  await run.said('the guard is ready');
  process.kill(run.pid, 'SIGTERM');
  expectClear(await run.ended, 130, 'cancelled', 'SIGTERM');
  await host.root.query('REVOKE CONNECTION ADMIN ON *.* FROM ebs_snapshot@localhost');
  expect(await reader.isRunning()).toBe(true);
});

const ER_QUERY_INTERRUPTED = 1317;

/** What the agent's account asks of the server meanwhile, by the server's own general log. */
async function recordOfTheServer(meanwhile: () => Promise<void>): Promise<readonly string[]> {
  await host.root.query("SET GLOBAL log_output = 'TABLE'");
  await host.root.query('TRUNCATE TABLE mysql.general_log');
  await host.root.query('SET GLOBAL general_log = ON');
  try {
    await meanwhile();
  } finally {
    await host.root.query('SET GLOBAL general_log = OFF');
  }
  const [rows] = await host.root.query<RowDataPacket[]>(
    "SELECT CONVERT(argument USING utf8mb4) AS asked FROM mysql.general_log WHERE user_host LIKE 'ebs_snapshot%'",
  );
  return rows.map((row) => String(row['asked']));
}
