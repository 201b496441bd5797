import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../../src/lab/hosts/database-server.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import { expectClear } from '../../support/clear-ending.ts';
import { type AgentRun, expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

/** The server is brought once. */
const WITH_DOWNLOAD_MS = 600_000;
/** Behind the plan, before the lock. */
const PLANNED = 'GetCallerIdentity';
/** Under the lock; at level `application` the file systems are frozen then. */
const TAKING = 'CreateSnapshots';

/** Runs the agent, and does something while AWS holds its first call of an action in its hands. */
async function runWith(host: OneHost, action: string, change: () => unknown, ...argv: string[]): Promise<AgentRun> {
  const held = host.holdCalls(action);
  const agent = host.start('snapshot', ...argv);
  try {
    await held.arrived();
    await change();
  } finally {
    held[Symbol.dispose]();
  }
  return agent.ended;
}

describe('what changes on the host between plan and unlock', () => {
  let host: OneHost;
  const scratch = mkdtempSync(join(tmpdir(), 'world-changes-'));
  beforeAll(async () => {
    host = await oneHost({ volumes: 'three' });
    await host.root.query('CREATE DATABASE shop');
    await host.root.query('CREATE TABLE shop.orders (id SERIAL) ENGINE=InnoDB');
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  });
  afterEach(() => expectHostWhole(host));

  const tableIn = (name: string, folder: string) =>
    host.root.query(`CREATE TABLE shop.${name} (id SERIAL) ENGINE=InnoDB DATA DIRECTORY='${folder}'`);
  const elsewhere = () => host.mounts[2] ?? '';

  it('a table that comes to another volume is in the set: the run is planned anew', async () => {
    const run = await runWith(host, PLANNED, () => tableIn('moved', elsewhere()));
    await host.root.query('DROP TABLE shop.moved');
    expect(run).toMatchObject({ status: 0, result: { grade: 'application', members: 3, warnings: ['planned-anew'] } });
  });

  it('so is one that comes between the list of files and the look at what the server holds open', async () => {
    const run = await runWith(host, 'DescribeVolumes', () => tableIn('moved', elsewhere()));
    await host.root.query('DROP TABLE shop.moved');
    expect(run).toMatchObject({ status: 0, result: { grade: 'application', members: 3 } });
  });

  it('the same at level crash', async () => {
    const run = await runWith(host, PLANNED, () => tableIn('moved', elsewhere()), '--level', 'crash');
    await host.root.query('DROP TABLE shop.moved');
    expect(run).toMatchObject({ status: 0, result: { grade: 'crash', members: 3, warnings: ['planned-anew'] } });
  });

  it.each(['application', 'crash'])(
    'a table that goes from another volume leaves a set of level %s good, with that volume',
    async (level) => {
      await tableIn('moved', elsewhere());
      const run = await runWith(host, PLANNED, () => host.root.query('DROP TABLE shop.moved'), '--level', level);
      expect(run).toMatchObject({ status: 0, result: { grade: level, members: 3 } });
    },
  );

  it('where it happens again the run fails, and says what changed', async () => {
    const folder = join(scratch, 'tables');
    mkdirSync(folder, { mode: 0o777 });
    execFileSync('chmod', ['777', scratch, folder]);
    const held = host.holdCalls(PLANNED);
    const agent = host.start('snapshot');
    await held.arrived();
    await tableIn('moved', elsewhere());
    const again = host.holdCalls(PLANNED);
    held[Symbol.dispose]();
    await again.arrived();
    await tableIn('further', folder);
    again[Symbol.dispose]();
    const run = await agent.ended;
    await host.root.query('DROP TABLE shop.moved, shop.further');
    expectClear(run, 47, 'plan-changed', `${folder}/shop/further.ibd`);
  });

  it('a mount that comes over a folder of the server breaks the set', async () => {
    const folder = join(host.datadir, 'shop');
    const cover = () => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'cover', folder]);
    const run = await runWith(host, TAKING, cover).finally(() => execFileSync('umount', [folder]));
    expect(run).toMatchObject({ status: 36, result: { code: 'set-broken', grade: 'broken' } });
    expect(run.result?.message).toContain('storage as planned: the mount');
    expect(await host.gradesOf(run.result?.set)).toEqual(['broken', 'broken']);
  });

  it('so does one that comes in the mount namespace of the server alone', async () => {
    const folder = join(host.datadir, 'shop');
    const held = host.holdCalls(TAKING);
    const agent = host.startAfter('exec unshare --mount "$@"', 'snapshot');
    await held.arrived();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'cover', folder]);
    held[Symbol.dispose]();
    const run = await agent.ended.finally(() => execFileSync('umount', [folder]));
    expect(run).toMatchObject({ status: 36, result: { code: 'set-broken', grade: 'broken' } });
    expect(run.result?.message).toContain(`the mount ${folder}`);
    expect(run.result?.message).toContain("in the server's own mount namespace");
  });

  it('a setting that is changed and changed back breaks a set of level crash; then it is refused until a restart', async () => {
    const changeAndBack = async () => {
      await host.root.query('SET GLOBAL sync_binlog = 0');
      await host.root.query('SET GLOBAL sync_binlog = 1');
    };
    const run = await runWith(host, TAKING, changeAndBack, '--level', 'crash');
    expect(run).toMatchObject({ result: { code: 'set-broken', grade: 'broken' } });
    expect(run.result?.message).toContain('sync_binlog was set meanwhile');
    const refused = await host.agent('snapshot', '--level', 'crash');
    expectClear(refused, 18, 'crash-not-provable', 'sync_binlog was set by SET GLOBAL');
  });

  it('commits that were acknowledged while the redo log was not flushed are in the set', async () => {
    const rows = 40;
    const copy = join(scratch, 'copy');
    const held = host.holdCalls(TAKING);
    await host.root.query('SET GLOBAL innodb_flush_log_at_trx_commit = 0');
    for (let row = 0; row < rows; row++) await host.root.query('INSERT INTO shop.orders VALUES ()');
    await host.root.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    const agent = host.start('snapshot');
    await held.arrived();
    cpSync(host.datadir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    held[Symbol.dispose]();
    expect(await agent.ended).toMatchObject({ status: 0, result: { grade: 'application' } });
    execFileSync('chown', ['-R', 'mysql:mysql', copy]);
    await using restored = await startServer(plainShell(), {
      ...{ distribution: host.server.distribution, datadir: copy, logBin: join(copy, 'new-binlog') },
      ...{ runFolder: join(scratch, 'restored'), serverId: 8, durability: '1/1', extra: ['--skip-log-bin'] },
    });
    const connection = await restored.connect();
    const [[found]] = (await connection.query('SELECT COUNT(*) AS n FROM shop.orders')) as unknown as [[{ n: number }]];
    connection.destroy();
    expect(found.n).toBe(rows);
  });

  it('logs that the index of the binary logs has on another volume bring that into the set', async () => {
    const [[{ Log_name }]] = (await host.root.query('SHOW BINARY LOGS')) as unknown as [[{ Log_name: string }]];
    await host.root.query('FLUSH BINARY LOGS');
    const index = join(host.mounts[1] ?? '', 'binlog/binlog.index');
    const text = readFileSync(index, 'utf8');
    const moved = join(elsewhere(), Log_name);
    writeFileSync(index, text.replace(/^.*$/m, moved));
    writeFileSync(moved, 'log');
    const run = await host.agent('snapshot');
    writeFileSync(index, text);
    rmSync(moved);
    expect(run).toMatchObject({ status: 0, result: { grade: 'application', members: 3 } });
  });

  describe('an engine that is not understood', () => {
    const install = () => host.root.query("INSTALL SONAME 'ha_sphinx'");
    afterAll(() => host.root.query("UNINSTALL SONAME 'ha_sphinx'"));

    it('is met where it comes behind the plan, and is none to refuse while no table uses it', async () => {
      const run = await runWith(host, PLANNED, install);
      expect(run).toMatchObject({ status: 0, result: { grade: 'application', warnings: ['planned-anew'] } });
    });

    it('breaks the set where a table has come to it', async () => {
      const columns = 'id BIGINT UNSIGNED NOT NULL, weight INT NOT NULL, query VARCHAR(255) NOT NULL, INDEX (query)';
      const create = () => host.root.query(`CREATE TABLE shop.search (${columns}) ENGINE=SPHINX`);
      const run = await runWith(host, PLANNED, create).finally(() => host.root.query('DROP TABLE shop.search'));
      expect(run).toMatchObject({ status: 36, result: { code: 'set-broken', grade: 'broken' } });
      expect(run.result?.message).toContain('engines as planned: a table with the engine SPHINX');
    });
  });

  describe('a schema on a file system of its own', () => {
    const folder = () => join(host.datadir, 'inner');
    const bind = () => execFileSync('mount', ['--bind', join(elsewhere(), 'inner'), folder()]);
    beforeAll(async () => {
      execFileSync('install', ['-d', '-o', 'mysql', '-g', 'mysql', join(elsewhere(), 'inner')]);
      execFileSync('install', ['-d', '-o', 'mysql', '-g', 'mysql', folder()]);
      bind();
      await host.root.query('CREATE TABLE `inner`.orders (id SERIAL) ENGINE=InnoDB');
    });
    afterAll(async () => {
      await host.root.query('DROP TABLE `inner`.orders');
      execFileSync('umount', [folder()]);
      rmSync(folder(), { recursive: true });
    });
    const withoutIt = `exec unshare --mount sh -c 'umount "$1"; shift; exec "$@"' sh`;

    it('is refused where only the server’s mount namespace has it', async () => {
      const run = await host.startAfter(`${withoutIt} ${folder()} "$@"`, 'snapshot').ended;
      expectClear(run, 19, 'files-unresolved', `${folder()} on this host is not what the server has there`);
    });

    it('is refused where it was unmounted lazily', async () => {
      execFileSync('umount', ['--lazy', folder()]);
      const run = await host.agent('snapshot').finally(bind);
      expectClear(run, 19, 'files-unresolved', 'orders.ibd open');
    });

    it('is in the set where this host has it too', async () => {
      expect(await host.agent('snapshot')).toMatchObject({ status: 0, result: { grade: 'application', members: 3 } });
    });
  });

  it('a host whose data directory is an old copy of the server it talks to is refused', async () => {
    const old = join(host.mounts[0] ?? '', 'old');
    execFileSync('cp', ['-a', host.datadir, old]);
    const inItsOwnView = `exec unshare --mount sh -c 'mount --bind ${old} ${host.datadir}; exec "$@"' sh "$@"`;
    const run = await host.startAfter(inItsOwnView, 'snapshot').ended;
    rmSync(old, { recursive: true });
    expectClear(run, 19, 'files-unresolved', 'ibdata1 open');
  });
});

describe.runIf(process.arch === 'x64')('on MySQL 9.7', () => {
  let host: OneHost;
  beforeAll(async () => {
    host = await oneHost({ volumes: 'two', server: 'mysql-9.7' });
    // ON is shown by its longer name once it was another.
    await host.root.query("SET GLOBAL innodb_doublewrite = 'DETECT_ONLY'");
    await host.root.query("SET GLOBAL innodb_doublewrite = 'DETECT_AND_RECOVER'");
  }, WITH_DOWNLOAD_MS);
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => expectHostWhole(host));

  it.each(['application', 'crash'])(
    'a setting that is changed and changed back breaks a set of level %s',
    async (level) => {
      const changeAndBack = async () => {
        await host.root.query("SET GLOBAL innodb_doublewrite = 'DETECT_ONLY'");
        await host.root.query("SET GLOBAL innodb_doublewrite = 'DETECT_AND_RECOVER'");
      };
      // Not while frozen: SET GLOBAL innodb_doublewrite writes.
      const run = await runWith(host, PLANNED, changeAndBack, '--level', level);
      expect(run).toMatchObject({ result: { code: 'set-broken', grade: 'broken' } });
      expect(run.result?.message).toContain('innodb_doublewrite was set meanwhile');
      expect(await host.agent('snapshot', '--level', level)).toMatchObject({ status: 0, result: { grade: level } });
    },
  );

  it('a redo log that is switched off behind the plan is met before commits wait', async () => {
    const run = await runWith(host, PLANNED, () => host.root.query('ALTER INSTANCE DISABLE INNODB REDO_LOG'));
    await host.root.query('ALTER INSTANCE ENABLE INNODB REDO_LOG');
    expectClear(run, 18, 'server-unsupported', 'redo log is disabled');
  });
});
