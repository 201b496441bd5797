import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { applierRecords } from '../../../src/agent/adapters/applier-records.ts';
import { freezeRecords } from '../../../src/agent/adapters/freeze-records.ts';
import { WATCHDOG_COMMAND } from '../../../src/agent/window/applier-watchdog-request.ts';
import { startServer } from '../../../src/lab/hosts/database-server.ts';
import { freePort } from '../../../src/lab/hosts/free-port.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import { installedServer } from '../../../src/lab/servers/installed.ts';
import { MANIFEST_FILE, Manifest } from '../../../src/shared/manifest.ts';
import { expectHostWhole, layOutDatabase, type OneHost, oneHost } from '../../support/one-host.ts';

interface Source extends AsyncDisposable {
  readonly root: Connection;
  readonly port: number;
}

let source: Source;
let replica: OneHost;
beforeAll(async () => {
  source = await startSource();
  replica = await oneHost({ volumes: 'two', extra: ['--slave-parallel-threads=4'] });
  await source.root.query("CREATE USER repl@'127.0.0.1' IDENTIFIED BY 'f01a'");
  await source.root.query("GRANT REPLICATION SLAVE ON *.* TO repl@'127.0.0.1'");
  await source.root.query('CREATE DATABASE shop');
  await source.root.query('CREATE TABLE shop.orders (id SERIAL) ENGINE=InnoDB');
  const [[place]] = await source.root.query<RowDataPacket[]>('SHOW MASTER STATUS');
  await replica.root.query('CREATE DATABASE shop');
  await replica.root.query('CREATE TABLE shop.orders (id SERIAL) ENGINE=InnoDB');
  await replicateFrom({ file: place?.['File'], position: Number(place?.['Position']) });
});

async function replicateFrom({ file, position }: { file: string; position: number }): Promise<void> {
  await replica.root.query(
    `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${source.port}, MASTER_USER='repl', MASTER_PASSWORD='f01a',
     MASTER_LOG_FILE='${file}', MASTER_LOG_POS=${position}`,
  );
  await replica.root.query('START SLAVE');
}

afterAll(async () => {
  await replica?.[Symbol.asyncDispose]();
  await source?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  await expectHostWhole(replica);
  await expectReplicaWhole();
});

async function startSource(): Promise<Source> {
  const shell = plainShell();
  const folder = await mkdtemp(join(tmpdir(), 'mysql-ebs-snapshot-source-'));
  await shell.run(['chmod', '755', folder]);
  const { datadir, logBin } = await layOutDatabase(shell, folder, folder);
  const [distribution, tcpPort] = [await installedServer(shell), await freePort()];
  const runFolder = join(folder, 'server');
  const settings = { serverId: 1, durability: '1/1', tcpPort } as const;
  const server = await startServer(shell, { distribution, datadir, logBin, runFolder, ...settings });
  const root = await server.connect();
  return {
    root,
    port: tcpPort,
    async [Symbol.asyncDispose]() {
      root.destroy();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

const PATIENCE = { timeout: 30_000, interval: 20 };

/** It applies what its source does, and nothing of a watchdog is left. */
async function expectReplicaWhole(): Promise<void> {
  const [[made]] = await source.root.query<RowDataPacket[]>('INSERT INTO shop.orders VALUES () RETURNING id');
  await vi.waitFor(async () => {
    expect(await slaveSqlRunning()).toBe('Yes');
    const sql = `SELECT id FROM shop.orders WHERE id = ${made?.['id']}`;
    expect((await replica.root.query<RowDataPacket[]>(sql))[0]).toHaveLength(1);
    expect(watchdogs()).toEqual([]);
  }, PATIENCE);
  expect(applierRecords.list()).toEqual([]);
}

async function slaveSqlRunning(): Promise<unknown> {
  const [[row]] = await replica.root.query<RowDataPacket[]>('SHOW SLAVE STATUS');
  return row?.['Slave_SQL_Running'];
}

/** The pids of the watchdogs that live. */
const watchdogs = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(WATCHDOG_COMMAND);
      } catch {
        return false;
      }
    });

/** By the guard, which hears of the agent's death a moment later. */
const untilThawed = () => vi.waitFor(() => expect(freezeRecords.list()).toEqual([]), PATIENCE);

const manifest = () => v.parse(Manifest, JSON.parse(readFileSync(join(replica.datadir, MANIFEST_FILE), 'utf8')));

async function placeInReplica() {
  const [[row]] = await replica.root.query<RowDataPacket[]>('SHOW SLAVE STATUS');
  return { binlog: { file: row?.['Relay_Master_Log_File'], position: Number(row?.['Exec_Master_Log_Pos']) } };
}

async function placeInSource() {
  const [[place]] = await source.root.query<RowDataPacket[]>('SHOW MASTER STATUS');
  return { file: place?.['File'], position: Number(place?.['Position']) };
}

describe('a replica with parallel workers and no GTID', () => {
  it('says what it has executed of its source, and that the place is a low-water mark', async () => {
    const { result } = await replica.agent('snapshot');
    expect(result).toMatchObject({ outcome: 'done', warnings: ['source-position-inexact'] });
    const { channels } = manifest().coordinates.replica ?? {};
    const origin = { host: '127.0.0.1', port: source.port };
    expect(channels).toEqual([
      { name: '', source: origin, binlog: expect.anything(), exact: false, autoPosition: false },
    ]);
  });

  it('says that a temporary table of its source is in no set', async () => {
    await source.root.query('SET SESSION binlog_format = STATEMENT');
    await source.root.query('CREATE TEMPORARY TABLE shop.basket (id INT)');
    try {
      await vi.waitFor(async () => {
        const [rows] = await replica.root.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Slave_open_temp_tables'");
        expect(rows[0]?.['Value']).toBe('1');
      }, PATIENCE);
      const { result } = await replica.agent('plan');
      expect(result?.warnings).toContain('replica-temporary-tables');
    } finally {
      await source.root.query('DROP TEMPORARY TABLE shop.basket');
      await source.root.query('SET SESSION binlog_format = DEFAULT');
    }
  });

  it('crash is refused: where it has got to is in a file', async () => {
    const { result } = await replica.agent('snapshot', '--level', 'crash');
    expect(result).toMatchObject({ code: 'crash-not-provable', message: expect.stringContaining('uses no GTID') });
  });
});

describe('--stop-replica-sql', () => {
  const STOPPING = ['snapshot', '--stop-replica-sql', '--freeze-timeout', '30'];

  it('is refused by name where the account may not', async () => {
    const { status, result } = await replica.agent(...STOPPING);
    await replica.root.query('GRANT REPLICATION SLAVE ADMIN ON *.* TO ebs_snapshot@localhost');
    expect({ status, result }).toMatchObject({ status: 17, result: { code: 'server-denied' } });
    expect(result?.hint).toContain('GRANT REPLICATION SLAVE ADMIN ON *.*');
  });

  it('makes the place exact: nothing is applied while the set is taken, and then it is again', async () => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start(...STOPPING);
    await request.arrived();
    expect(await slaveSqlRunning()).toBe('No');
    const place = await placeInSource();
    request[Symbol.dispose]();
    const { result } = await run.ended;
    expect(result).toMatchObject({ outcome: 'done', grade: 'application' });
    expect(result).not.toHaveProperty('warnings');
    expect(manifest().coordinates.replica?.channels).toMatchObject([{ binlog: place, exact: true }]);
  });

  it('tells its password to nobody', async () => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start(...STOPPING);
    await request.arrived();
    const [watchdog = 0] = watchdogs();
    for (const what of ['cmdline', 'environ'])
      expect(readFileSync(`/proc/${watchdog}/${what}`, 'utf8')).not.toContain(replica.password);
    request[Symbol.dispose]();
    await run.ended;
  });

  it.each([
    ['the agent', (pid: number) => process.kill(pid, 'SIGKILL')],
    ['its process group', (pid: number) => process.kill(-pid, 'SIGKILL')],
  ])('is undone where %s is killed in the window', async (_who, kill) => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start(...STOPPING);
    await request.arrived();
    expect(await slaveSqlRunning()).toBe('No');
    kill(run.pid);
    await run.ended;
    await untilThawed();
  });

  it('ends where the agent is stopped, which neither dies nor gives the order', async () => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start('snapshot', '--stop-replica-sql', '--freeze-timeout', '1');
    await request.arrived();
    process.kill(run.pid, 'SIGSTOP');
    expect(await slaveSqlRunning()).toBe('No');
    await vi.waitFor(async () => {
      expect(await slaveSqlRunning()).toBe('Yes');
      expect(applierRecords.list()).toEqual([]);
    }, PATIENCE);
    process.kill(run.pid, 'SIGCONT');
    request[Symbol.dispose]();
    expect((await run.ended).result).toMatchObject({ outcome: 'unsafe', code: 'outcome-unknown' });
  });

  it('is kept in a session where systemd gives no unit', async () => {
    const shims = await mkdtemp(join(tmpdir(), 'mysql-ebs-snapshot-shims-'));
    await writeFile(join(shims, 'systemd-run'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const made = await mkdir('/run/systemd/system', { recursive: true });
    try {
      const { result } = await replica.startAfter(`PATH=${shims}:$PATH`, ...STOPPING).ended;
      expect(result).toMatchObject({ outcome: 'done', warnings: ['guard-without-unit'] });
    } finally {
      if (made !== undefined) await rm(made, { recursive: true });
      await rm(shims, { recursive: true });
    }
  });

  it('is undone by the agent where the keeper is killed', async () => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start(...STOPPING);
    await request.arrived();
    for (const pid of watchdogs()) process.kill(pid, 'SIGKILL');
    request[Symbol.dispose]();
    expect((await run.ended).result).toMatchObject({ outcome: 'done', grade: 'application' });
  });

  it('is undone by the next run where nobody lived to do it', async () => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start(...STOPPING);
    await request.arrived();
    process.kill(run.pid, 'SIGSTOP');
    for (const pid of watchdogs()) process.kill(pid, 'SIGKILL');
    process.kill(run.pid, 'SIGKILL');
    await run.ended;
    request[Symbol.dispose]();
    await untilThawed();
    await vi.waitFor(async () => expect((await replica.agent('thaw')).stdout).toContain('START SLAVE'), PATIENCE);
    expect(await slaveSqlRunning()).toBe('No');

    const next = await replica.agent('snapshot');
    expect(next.result).toMatchObject({ outcome: 'done', warnings: expect.arrayContaining(['left-stopped']) });
  });

  it('asks for a person where nobody can start them again; the set is graded all the same', async () => {
    using request = replica.holdCalls('CreateSnapshots');
    const run = replica.start(...STOPPING, '--run-id', 'stopped');
    await request.arrived();
    for (const pid of watchdogs()) process.kill(pid, 'SIGKILL');
    const { binlog } = await placeInReplica();
    await replica.root.query('STOP SLAVE');
    await vi.waitFor(() => replica.root.query('RESET SLAVE ALL'), PATIENCE);
    request[Symbol.dispose]();
    const { status, result } = await run.ended;
    expect({ status, result }).toMatchObject({ status: 55, result: { outcome: 'unsafe', code: 'applier-stopped' } });
    expect(result?.message).toContain("START SLAVE '' SQL_THREAD");

    const next = await replica.agent('snapshot');
    expect(next).toMatchObject({ status: 55, result: { code: 'applier-stopped' } });
    await replicateFrom(binlog);
    await replica.root.query('STOP SLAVE SQL_THREAD');
    expect((await replica.agent('snapshot')).result?.warnings).toContain('left-stopped');
  });

  it('starts nothing that somebody else had stopped', async () => {
    await replica.root.query('STOP SLAVE SQL_THREAD');
    const { result } = await replica.agent(...STOPPING);
    expect(await slaveSqlRunning()).toBe('No');
    await replica.root.query('START SLAVE SQL_THREAD');
    expect(result).toMatchObject({ outcome: 'done', grade: 'application' });
  });

  it('refuses what would be refused while the replica still applies', async () => {
    await using reader = await replica.server.connect().then((connection) => ({
      connection,
      [Symbol.asyncDispose]: async () => connection.destroy(),
    }));
    const sleeping = reader.connection.query('SELECT SLEEP(60)').catch(() => {});
    await vi.waitFor(async () => {
      const [rows] = await replica.root.query<RowDataPacket[]>(
        "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(60)' AND TIME >= 1",
      );
      expect(rows).toHaveLength(1);
    }, PATIENCE);
    const { status } = await replica.agent(...STOPPING, '--lock-timeout', '1');
    expect(status).toBe(25);
    reader.connection.destroy();
    await sleeping;
  });
});
