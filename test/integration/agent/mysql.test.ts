import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectClear } from '../../support/clear-ending.ts';
import { holdStatement } from '../../support/held-socket.ts';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';
import { type BusyConnection, busyWith, traffic } from '../../support/server-work.ts';
import { statementsUnderLock } from '../../support/statements-under-lock.ts';

/** The server is brought once. */
const WITH_DOWNLOAD_MS = 600_000;
const LOCK_TIMEOUT_MS = 1_000;
/** Promised: whoever slips in, commits resume within the lock timeout and this. */
const RESUMED_AFTER_TIMEOUT_MS = 500;

const ONE_SHORT_TRY = ['--lock-timeout', '1', '--lock-tries', '1'];

/** FLUSH TABLES WITH READ LOCK waits behind it, which on MariaDB no reader is waited for. */
const READER = "SELECT SLEEP(10 + a), CHAR_LENGTH('geheim') FROM mysql.busy";

describe.runIf(process.arch === 'x64')('MySQL 9.7', () => {
  let host: OneHost;
  beforeAll(async () => {
    host = await oneHost({ volumes: 'two', server: 'mysql-9.7' });
    await host.root.query('CREATE TABLE mysql.busy (a INT) ENGINE=InnoDB');
    await host.root.query('INSERT INTO mysql.busy VALUES (0)');
  }, WITH_DOWNLOAD_MS);
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => expectHostWhole(host));

  it.each(['application', 'crash'])('takes a set at level %s with the least account', async (level) => {
    const { status, result } = await host.agent('snapshot', '--level', level);
    expect({ status, result }).toMatchObject({ status: 0, result: { outcome: 'done', grade: level, members: 2 } });
    expect(result?.server).toMatch(/^mysql 9\.7\./);
  });

  it('takes the set with no statement more than these while commits wait', async () => {
    const { run, ...asked } = await statementsUnderLock(host, [
      'FLUSH TABLES WITH READ LOCK',
      'UNLOCK TABLES',
      'UNLOCK INSTANCE',
    ]);
    expect(run).toMatchObject({ status: 0, result: { grade: 'application' } });
    const coordinates = 'SELECT … FROM performance_schema.log_status';
    const held = ['SELECT CONNECTION_ID() AS id', 'SELECT … FROM performance_schema.metadata_locks'];
    expect(asked).toEqual({
      commitsWait: [
        'FLUSH TABLES WITH READ LOCK',
        coordinates,
        'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS',
        'SHOW ENGINE INNODB STATUS',
        // The files are written before this, and the set is taken after it.
        coordinates,
        ...held,
        coordinates,
        'UNLOCK TABLES',
      ],
      afterwards: [
        'SELECT … FROM performance_schema.global_variables',
        'SHOW REPLICA STATUS',
        ...held,
        'UNLOCK TABLES',
        'UNLOCK INSTANCE',
      ],
    });
  });

  it('depends on no default of the session', async () => {
    const settings = ["sql_mode = 'ANSI'", 'sql_select_limit = 1', 'autocommit = 0', 'transaction_read_only = 1'];
    const more = ['max_join_size = 1', 'sql_big_selects = 0', 'max_execution_time = 1'];
    for (const setting of [...settings, ...more]) await host.root.query(`SET GLOBAL ${setting}`);
    const run = await host.agent('snapshot').finally(async () => {
      for (const setting of [...settings, ...more])
        await host.root.query(`SET GLOBAL ${setting.split(' ')[0]} = DEFAULT`);
    });
    expect(run).toMatchObject({ status: 0, result: { outcome: 'done', grade: 'application', members: 2 } });
  });

  it('an account that has its privileges by a role, and by a grant on a pattern, is as good', async () => {
    const optionFile = join(dirname(host.optionFile), 'role.cnf');
    writeFileSync(optionFile, `[client]\nuser=by_role\npassword=pw\nsocket=${host.server.socket}\n`, { mode: 0o600 });
    const role = ['CREATE ROLE backup', 'GRANT RELOAD, PROCESS, REPLICATION CLIENT, BACKUP_ADMIN ON *.* TO backup'];
    const user = ["CREATE USER by_role@localhost IDENTIFIED BY 'pw'", 'GRANT backup TO by_role@localhost'];
    const pattern = 'GRANT SELECT ON `performance\\_schema`.* TO by_role@localhost';
    for (const statement of [...role, ...user, pattern]) await host.root.query(statement);
    const run = await host.agent('plan', '--defaults-file', optionFile);
    await host.root.query('DROP USER by_role@localhost');
    await host.root.query('DROP ROLE backup');
    expect(run).toMatchObject({ status: 0, result: { outcome: 'done' } });
  });

  it('a reader of ten seconds: refused before any lock is asked, named, and nobody notices', async () => {
    await using reader = await busyWith(host, READER, 'TIME >= 2');
    await using others = await traffic(host);
    await host.root.query("SET GLOBAL log_output = 'TABLE', general_log = ON");
    const run = await host.agent('snapshot', '--long-query-threshold', '1');
    await host.root.query('SET GLOBAL general_log = OFF');
    expectClear(run, 25, 'long-statement', `statement ${reader.id} of root (SELECT SLEEP …) has run for`);
    expect(run.stdout + run.stderr).not.toContain('geheim');
    await others.nextCommit();
    const [asked] = await host.root.query<RowDataPacket[]>(
      `SELECT CONVERT(argument USING utf8mb4) AS sql_text FROM mysql.general_log
       WHERE user_host LIKE 'ebs_snapshot%' AND CONVERT(argument USING utf8mb4) REGEXP '^(LOCK|FLUSH)'`,
    );
    expect(asked).toEqual([]);
    expect(await reader.isRunning()).toBe(true);
  });

  it('a reader that slips in after the gate: all is given back, commits resume in time', async () => {
    await using others = await traffic(host);
    const socket = join(dirname(host.optionFile), 'held.sock');
    const readers: BusyConnection[] = [];
    await using _door = await holdStatement(socket, host.server.socket, 'FLUSH TABLES WITH READ LOCK', async () => {
      readers.push(await busyWith(host, READER, "STATE = 'User sleep'"));
    });
    const timeout = String(LOCK_TIMEOUT_MS / 1000);
    const run = await host.agent('snapshot', '--socket', socket, '--lock-timeout', timeout, '--lock-tries', '1');
    await others.nextCommit();
    expectClear(run, 30, 'lock-timeout', 'FLUSH TABLES WITH READ LOCK: not granted within 1 s');
    expect(await readers[0]?.isRunning()).toBe(true);
    // They did wait. A commit may still be acknowledged when the lock has been asked for: the gap begins there.
    expect(others.longestGapMs).toBeGreaterThan(LOCK_TIMEOUT_MS / 2);
    expect(others.longestGapMs).toBeLessThanOrEqual(LOCK_TIMEOUT_MS + RESUMED_AFTER_TIMEOUT_MS);
    for (const reader of readers) await reader[Symbol.asyncDispose]();
  });

  it('a statement whose connection has set the time of the past is as old as it is, and is not killed', async () => {
    await host.root.query('GRANT CONNECTION_ADMIN ON *.* TO ebs_snapshot@localhost');
    const reader = await busyWith(
      host,
      'SELECT SLEEP(3 + a) FROM mysql.busy',
      'TIME > 1000000',
      'SET TIMESTAMP = 1000',
    );
    const run = await host.agent('snapshot', '--long-query-threshold', '1', '--kill-long-queries-after', '60');
    await host.root.query('REVOKE CONNECTION_ADMIN ON *.* FROM ebs_snapshot@localhost');
    expect(await reader.ended).toBeUndefined();
    await reader[Symbol.asyncDispose]();
    expect(run).toMatchObject({ status: 0, result: { outcome: 'done' } });
    expect(run.result).not.toHaveProperty('warnings');
  });

  it('one whose connection has set the time of the future is seen', async () => {
    await using _reader = await busyWith(host, READER, 'TIME < 0', 'SET TIMESTAMP = UNIX_TIMESTAMP() + 86400');
    await host.root.query('DO SLEEP(1)');
    expectClear(await host.agent('snapshot', ...ONE_SHORT_TRY), 25, 'long-statement', 'SELECT SLEEP …) has run for');
  });

  describe('a session that runs nothing', () => {
    it.each([
      ['LOCK TABLES mysql.busy WRITE', 'holds LOCK TABLES … WRITE on mysql.busy'],
      ['LOCK TABLES mysql.busy READ', 'holds LOCK TABLES … READ on mysql.busy'],
      ['HANDLER mysql.busy OPEN', 'holds HANDLER … OPEN on mysql.busy'],
      ['FLUSH TABLES mysql.busy FOR EXPORT', 'holds FLUSH TABLES … WITH READ LOCK or FOR EXPORT on mysql.busy'],
    ])('but said %s: refused before any commit waits', async (statement, named) => {
      await using holder = await idleAfter(statement);
      const run = await host.agent('snapshot', ...ONE_SHORT_TRY);
      expectClear(run, 11, 'other-backup', `connection ${holder.id} of root ${named}`);
      expect(run.result).not.toHaveProperty('stallMs');
    });

    it('but is in a transaction and has a lock of its own making: nothing waits for it', async () => {
      await using _holder = await idleAfter("SELECT GET_LOCK('mine', 0), a FROM mysql.busy FOR UPDATE");
      expect(await host.agent('snapshot')).toMatchObject({ status: 0, result: { grade: 'application' } });
    });

    it('where the server does not list it: makes commits wait once, not at every try', async () => {
      const listed = (enabled: string) =>
        host.root.query(
          `UPDATE performance_schema.setup_instruments SET ENABLED = '${enabled}' WHERE NAME = 'wait/lock/metadata/sql/mdl'`,
        );
      await listed('NO');
      await using _holder = await idleAfter('LOCK TABLES mysql.busy READ');
      const run = await host.agent('snapshot', '--lock-timeout', '1', '--lock-tries', '3');
      await listed('YES');
      expectClear(run, 30, 'lock-timeout', 'FLUSH TABLES WITH READ LOCK: not granted within 1 s');
      expect(run.stderr).not.toContain('try 2 of 3');
      expect(run.result?.stallTotalMs).toBe(run.result?.stallMs);
    });
  });

  /** A connection that has said so, in a transaction, and says no more until it is ended. */
  async function idleAfter(statement: string): Promise<AsyncDisposable & { readonly id: number }> {
    const connection = await host.server.connect();
    await connection.query('SET autocommit = 0');
    await connection.query(statement);
    return {
      id: connection.threadId,
      async [Symbol.asyncDispose]() {
        await connection.query('UNLOCK TABLES').catch(() => {});
        await connection.end();
      },
    };
  }
});
