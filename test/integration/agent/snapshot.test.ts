import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '@aws-sdk/client-ec2';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINLOG_INFO_FILE, MANIFEST_FILE, Manifest } from '../../../src/shared/manifest.ts';
import { TAG } from '../../../src/shared/tags.ts';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';
import { statementsUnderLock } from '../../support/statements-under-lock.ts';

const file = (host: OneHost, name: string) => readFileSync(join(host.datadir, name), 'utf8');
const manifest = (host: OneHost) => v.parse(Manifest, JSON.parse(file(host, MANIFEST_FILE)));
const tagsOf = (snapshot: Snapshot) =>
  Object.fromEntries((snapshot.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

describe('a snapshot of a host with two volumes', () => {
  let host: OneHost;
  beforeAll(async () => {
    host = await oneHost({ volumes: 'two' });
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('is one whole set, graded, with tags and files that say the same', async () => {
    const { status, result, stdout } = await host.agent('snapshot', '--run-id', 'r1', '--tag', 'Purpose=test');
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(0);
    expect(result).toMatchObject({ outcome: 'done', grade: 'application', members: 2, set: 'r1/i-0123456789abcdef0' });

    const snapshots = await host.snapshotsOf(result?.set);
    expect(snapshots.map((snapshot) => snapshot.VolumeId).sort()).toEqual([
      'vol-00000000000000001',
      'vol-00000000000000002',
    ]);
    const { coordinates, members, fileSystems, firstStartNeedsBinlog } = manifest(host);
    expect(firstStartNeedsBinlog).toBe(false);
    const binlog = `${coordinates.binlog?.file}:${coordinates.binlog?.position}`;
    for (const snapshot of snapshots) {
      expect(snapshot.Description).toContain(binlog);
      expect(tagsOf(snapshot)).toMatchObject({
        Name: expect.stringMatching(/^\d{8}_\d{6}_db-one$/),
        Team: 'db',
        Purpose: 'test',
        [TAG.grade]: 'application',
        [TAG.members]: '2',
        [TAG.binlog]: binlog,
        [TAG.gtid]: coordinates.gtid,
        [TAG.datadir]: host.datadir,
        [TAG.owner]: expect.stringMatching(/:i-0123456789abcdef0$/),
      });
    }
    expect(result?.binlog).toBe(binlog);
    expect(file(host, BINLOG_INFO_FILE)).toBe(
      `MASTER_LOG_FILE='${coordinates.binlog?.file}', MASTER_LOG_POS=${coordinates.binlog?.position}\n`,
    );
    expect(members.map((member) => member.volume).sort()).toEqual(
      snapshots.map((snapshot) => snapshot.VolumeId).sort(),
    );
    expect(fileSystems.map((each) => each.frozen)).toEqual([true, true]);
    expect(statSync(join(host.datadir, MANIFEST_FILE)).uid).toBe(statSync(host.datadir).uid);
    await expectHostWhole(host);
  });

  it('is taken with no statement more than these while commits wait', async () => {
    const [block, unblock] = ['BACKUP STAGE BLOCK_COMMIT', 'BACKUP STAGE END'];
    const { run, commitsWait } = await statementsUnderLock(host, [block, unblock, unblock]);
    expect(run).toMatchObject({ status: 0, result: { grade: 'application' } });
    const coordinates = ['SHOW BINLOG STATUS', 'SELECT @@GLOBAL.gtid_binlog_pos AS gtid'];
    const redo = 'SELECT … FROM information_schema.GLOBAL_STATUS';
    expect(commitsWait).toEqual([
      block,
      ...coordinates,
      ...[redo, 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS', redo],
      // The files are written before this, and the set is taken after it.
      ...coordinates,
      ...['SELECT CONNECTION_ID() AS id', block],
      ...coordinates,
      'SELECT … FROM information_schema.SYSTEM_VARIABLES',
      'SHOW ALL SLAVES STATUS',
      unblock,
    ]);
  });

  it('is the only one of its run id: another is refused before the lock, and so is its plan', async () => {
    const again = await host.agent('snapshot', '--run-id', 'r1');
    expect(again).toMatchObject({ status: 2, result: { outcome: 'refused', code: 'run-id-used' } });
    expect(again.result?.message).toContain('the set r1/i-0123456789abcdef0 has 2 snapshots');
    expect(again.stderr).not.toContain('asking for the read lock');
    const plan = await host.agent('plan', '--run-id', 'r1');
    expect(plan).toMatchObject({ status: 2, result: { outcome: 'refused', code: 'run-id-used' } });
    expect(await host.gradesOf('r1/i-0123456789abcdef0')).toEqual(['application', 'application']);
  });

  it('makes one CreateSnapshots request that leaves out what is not the server’s', async () => {
    const before = host.aws.calls.length;
    await host.agent('snapshot');
    const requests = host.aws.calls.slice(before).filter((call) => call.action === 'CreateSnapshots');
    expect(requests.map((call) => call.parameters['DryRun'])).toEqual(['true', undefined]);
    expect(requests[1]?.parameters).toMatchObject({
      InstanceSpecification: { ExcludeBootVolume: 'true', ExcludeDataVolumeId: ['vol-00000000000000009'] },
      CopyTagsFromSource: 'volume',
    });
  });

  it('without freezing holds the lock and syncs', async () => {
    const { result } = await host.agent('snapshot', '--freeze', 'never');
    expect(result).toMatchObject({ outcome: 'done', grade: 'application' });
    expect(result).not.toHaveProperty('frozenMs');
    expect(manifest(host).fileSystems.map((each) => each.frozen)).toEqual([false, false]);
  });

  it('takes the password from Parameter Store, and tells it to nobody', async () => {
    const password = 'from-the-Parameter-Store';
    await host.root.query(`ALTER USER ebs_snapshot@localhost IDENTIFIED BY '${password}'`);
    host.aws.putParameter('/mysql-ebs-snapshot/password', password);
    const refused = await host.agent('snapshot');
    expect(refused).toMatchObject({ status: 17, result: { code: 'server-denied' } });
    const run = await host.agent('snapshot', '--password-parameter', '/mysql-ebs-snapshot/password');
    expect(run.result).toMatchObject({ outcome: 'done' });
    expect([run.stdout, run.stderr, file(host, MANIFEST_FILE)].join()).not.toContain(password);
    await host.root.query("ALTER USER ebs_snapshot@localhost IDENTIFIED BY 'c0ffee5ec4e7'");
  });

  it('writes the log file as it speaks on stderr', async () => {
    const log = join(host.datadir, '../../agent.log');
    const { stderr } = await host.agent('snapshot', '--log-file', log);
    expect(readFileSync(log, 'utf8')).toBe(stderr);
    expect(statSync(log).mode & 0o777).toBe(0o640);
  });

  it('counts a rotation of the binary log in the middle of the window as no change', async () => {
    host.aws.behave({ latencyMs: { CreateSnapshots: 1_500 } });
    const run = host.start('snapshot');
    await run.said('asking for the read lock');
    const rotated = host.root.query('FLUSH BINARY LOGS');
    const { result } = await run.ended;
    await rotated;
    host.aws.behave({ latencyMs: {} });
    expect(result).toMatchObject({ outcome: 'done', grade: 'application' });
  });

  it('outlives a server that has no patience with idle connections', async () => {
    await host.root.query('SET GLOBAL wait_timeout = 1');
    host.aws.behave({ latencyMs: { DescribeInstances: 2_500 } });
    const run = await host.agent('snapshot');
    host.aws.behave({ latencyMs: {} });
    await host.root.query('SET GLOBAL wait_timeout = DEFAULT');
    expect(run).toMatchObject({ status: 0, result: { outcome: 'done' } });
  });

  it('depends on no default of the session: the last of many files, on a volume of its own, is in the set', async () => {
    const [data = '', binlog = ''] = host.mounts.map((mount) => join(mount, 'far'));
    for (const folder of [data, binlog]) {
      mkdirSync(folder);
      execFileSync('chown', ['mysql:mysql', folder]);
    }
    await host.root.query('CREATE DATABASE far');
    const table = (name: string, folder: string) =>
      host.root.query(`CREATE TABLE far.${name} (a INT) ENGINE=InnoDB DATA DIRECTORY='${folder}'`);
    for (let number = 1; number <= 50; number++) await table(`a${number}`, data);
    await table('z1', binlog);
    const defaults = ['sql_select_limit = 50', "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'", 'autocommit = 0'];
    const more = [
      'max_join_size = 1',
      'sql_big_selects = 0',
      'sql_quote_show_create = 0',
      'max_statement_time = 0.001',
    ];
    for (const setting of [...defaults, ...more]) await host.root.query(`SET GLOBAL ${setting}`);
    const { status, stderr } = await host.agent('plan').finally(async () => {
      for (const setting of [...defaults, ...more])
        await host.root.query(`SET GLOBAL ${setting.split(' ')[0]} = DEFAULT`);
    });
    await host.root.query('DROP DATABASE far');
    expect(status).toBe(0);
    expect(stderr).toContain(`${binlog}/far/z1.ibd`);
  });

  it('plans without touching anything', async () => {
    const before = readFileSync(join(host.datadir, MANIFEST_FILE), 'utf8');
    const { status, result, stderr } = await host.agent('plan');
    expect([status, result?.outcome, result?.members]).toEqual([0, 'done', 2]);
    expect(stderr).toContain('Members of the set');
    expect(file(host, MANIFEST_FILE)).toBe(before);
  });

  it('is captured into a file that plans the same anywhere, and holds no password', async () => {
    const capture = join(host.datadir, '../../host.json');
    expect(await host.agent('capture', capture)).toMatchObject({ status: 0 });
    const text = readFileSync(capture, 'utf8');
    expect(text).not.toContain('c0ffee5ec4e7');
    const { status, stdout } = await host.agent('plan', '--capture', capture);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done', members: 2 });
  });
});

describe('a snapshot of a host with one volume and no binary log', () => {
  it('is a set of one, and says that there are no coordinates', async () => {
    await using host = await oneHost({ volumes: 'one', extra: ['--skip-log-bin'] });
    const { status, result, stderr } = await host.agent('snapshot');
    expect(status).toBe(0);
    expect(result).toMatchObject({ outcome: 'done', grade: 'application', members: 1 });
    expect(result).not.toHaveProperty('binlog');
    expect(stderr).toContain('the binary log is off: no coordinates');
    expect(existsSync(join(host.datadir, BINLOG_INFO_FILE))).toBe(false);
    expect(manifest(host).coordinates).toEqual({});
    expect(await host.snapshotsOf(result?.set)).toHaveLength(1);
    await expectHostWhole(host);
  });

  it('holds data and binary log together where both are on it', async () => {
    await using host = await oneHost({ volumes: 'one' });
    const { result } = await host.agent('snapshot');
    expect(result).toMatchObject({ outcome: 'done', members: 1, binlog: expect.stringMatching(/^binlog\.\d{6}:\d+$/) });
    await expectHostWhole(host);
  });
});
