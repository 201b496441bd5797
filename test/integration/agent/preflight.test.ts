import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MANIFEST_FILE } from '../../../src/shared/manifest.ts';
import { expectClear } from '../../support/clear-ending.ts';
import { mountExt4 } from '../../support/ext4.ts';
import { expectHostWhole, type OneHost, oneHost, startAgent } from '../../support/one-host.ts';
import { busyWith } from '../../support/server-work.ts';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
});
afterAll(() => host?.[Symbol.asyncDispose]());
afterEach(async () => {
  host.aws.behave({ latencyMs: {}, faults: [], snapshotCompletionMs: 300 });
  expect(existsSync(join(host.datadir, MANIFEST_FILE))).toBe(false);
  await expectHostWhole(host);
});

/** A session that has said all this; what it holds it gives up at the end of the test, however that ends. */
async function anotherSession(...statements: readonly string[]): Promise<AsyncDisposable & Pick<Connection, 'query'>> {
  const connection = await host.server.connect();
  for (const statement of statements) await connection.query(statement);
  return {
    query: connection.query.bind(connection),
    [Symbol.asyncDispose]: () => connection.end(),
  };
}

it('nobody’s statement is killed for a set that EC2 would refuse', async () => {
  await host.root.query('GRANT CONNECTION ADMIN ON *.* TO ebs_snapshot@localhost');
  try {
    await using reader = await busyWith(host, 'SELECT SLEEP(600)', 'TIME >= 1');
    host.aws.behave({
      faults: [{ kind: 'refuse', action: 'CreateSnapshots', dryRun: true, code: 'UnauthorizedOperation', status: 403 }],
    });
    const run = await host.agent('snapshot', '--long-query-threshold', '1', '--kill-long-queries-after', '1');
    expectClear(run, 14, 'no-permission', 'ec2:CreateSnapshots');
    expect(await reader.isRunning()).toBe(true);
  } finally {
    await host.root.query('REVOKE CONNECTION ADMIN ON *.* FROM ebs_snapshot@localhost');
  }
});

describe('another backup of the server', () => {
  it.each([
    [['BACKUP STAGE START'], 'BACKUP STAGE END'],
    [['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT'], 'BACKUP STAGE END'],
    [['LOCK TABLES mysql.proc WRITE'], 'UNLOCK TABLES'],
  ])('%j: snapshot and plan refuse, and are done when it has ended', async (locks, unlocks) => {
    await using other = await anotherSession(...locks);
    for (const verb of ['snapshot', 'plan']) {
      const run = await host.agent(verb, '--lock-timeout', '1');
      expect(run).toMatchObject({ status: 11, result: { outcome: 'refused', code: 'other-backup' } });
      expect(run.result?.message).toContain('another session is in a BACKUP STAGE');
    }
    await other.query(unlocks);
    expect(await host.agent('plan')).toMatchObject({ status: 0, result: { outcome: 'done' } });
  });

  it('FLUSH TABLES WITH READ LOCK, by whom it makes wait', async () => {
    await host.root.query('CREATE OR REPLACE TABLE mysql.held_back (a INT) ENGINE=InnoDB');
    await using _other = await anotherSession('FLUSH TABLES WITH READ LOCK');
    await using writer = await busyWith(
      host,
      'INSERT INTO mysql.held_back VALUES (1)',
      // For longer than the threshold: the gate must not take the victim for the culprit.
      "STATE = 'Waiting for backup lock' AND TIME >= 1",
    );
    const run = await host.agent('snapshot', '--lock-timeout', '1');
    expectClear(run, 11, 'other-backup', `connection ${writer.id} of root is waiting for backup lock`);
  });
});

it('no room for the manifest', async () => {
  const [mount = ''] = host.mounts;
  const filler = join(mount, 'filler');
  // Half of what is left, over and over: the file system keeps some for itself.
  const freeKiB = () => Number(statfsSync(mount).bavail * statfsSync(mount).bsize) / 1024;
  for (let number = 0; freeKiB() >= 900; number++) {
    const kib = Math.max(Math.floor(freeKiB() / 2), 200);
    execFileSync('fallocate', ['--length', `${kib}KiB`, `${filler}.${number}`]);
  }
  const run = await host.agent('snapshot');
  execFileSync('sh', ['-c', 'rm "$0".*', filler]);
  expectClear(run, 23, 'datadir-unfit', 'no room for the manifest');
});

it('what the agent needs while file systems are frozen: each by its name', async () => {
  const [mount = ''] = host.mounts;
  const folder = join(mount, 'agent');
  mkdirSync(join(folder, 'lib/amazon'), { recursive: true });
  mkdirSync(join(folder, '.aws'));
  mkdirSync(join(folder, 'state'));
  copyFileSync(process.execPath, join(folder, 'node'));
  execFileSync('chmod', ['755', join(folder, 'node')]);
  copyFileSync(join(import.meta.dirname, '../../../dist/agent.cjs'), join(folder, 'agent.cjs'));
  for (const name of ['config', 'token', 'authorization']) writeFileSync(join(folder, name), '');
  const elsewhere = [
    'unshare',
    '--mount',
    '--propagation=slave',
    'sh',
    '-c',
    'cd "$0" && mount --bind lib /var/lib && mount --bind state /run/mysql-ebs-snapshot && shift 2 && exec ./node agent.cjs "$@" >out 2>err',
    folder,
  ];
  const environment = {
    ...host.environment,
    HOME: folder,
    TMPDIR: folder,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'authorization'),
  };
  const argv = ['plan', '--defaults-file', host.optionFile, '--log-file', join(folder, 'agent.log')];
  const { status } = await startAgent(argv, environment, elsewhere).ended;
  const told = readFileSync(join(folder, 'err'), 'utf8');
  rmSync(folder, { recursive: true });
  expect(status, told).toBe(24);
  expect([...told.matchAll(/agent-on-frozen-mount: the (.*) \/\S+ lies on /g)].map(([, what]) => what)).toEqual([
    'log file',
    'TMPDIR',
    'working directory',
    'agent',
    'runtime',
    'standard output',
    'standard error',
    'state folder',
    'AWS credentials',
    'AWS_CONFIG_FILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    'orchestration folder of the SSM agent',
  ]);
});

it('a data file system at /var is no reason where there is no SSM agent, but the log would be made there', async () => {
  const bound = `mount --bind '${host.mounts[0]}' /var && exec "$@"`;
  const elsewhere = ['unshare', '--mount', '--propagation=private', 'sh', '-c', bound, 'sh'];
  const plan = (...argv: string[]) =>
    startAgent(['plan', '--defaults-file', host.optionFile, ...argv], host.environment, elsewhere).ended;
  expect(await plan('--no-log-file')).toMatchObject({ status: 0, result: { outcome: 'done' } });
  const refused = await plan('--log-file', '/var/log/agent/agent.log');
  expectClear(refused, 24, 'agent-on-frozen-mount', 'the log file /var lies on');
  expect(refused.result?.hint).toContain('--freeze never');
  expect(await plan('--log-file', '/var/log/agent/agent.log', '--freeze', 'never')).toMatchObject({ status: 0 });
});

it('what the agent needs on an overlay or a loop device that stands on what would be frozen', async () => {
  const [mount = ''] = host.mounts;
  const folder = join(mount, 'below');
  for (const name of ['upper', 'work']) mkdirSync(join(folder, name), { recursive: true });
  const plan = async (prepare: string) => {
    const shell = `cd '${folder}' && ${prepare} && cd / && exec "$@"`;
    const elsewhere = ['unshare', '--mount', '--propagation=private', 'sh', '-c', shell, 'sh'];
    const argv = ['plan', '--defaults-file', host.optionFile, '--no-log-file'];
    return startAgent(argv, { ...host.environment, TMPDIR: '/mnt' }, elsewhere).ended;
  };
  const unnamed = await plan('mount -t overlay -o lowerdir=/usr/share,upperdir=upper,workdir=work none /mnt');
  const named = await plan(`mount -t overlay -o lowerdir=/usr/share,upperdir=$PWD/upper,workdir=$PWD/work none /mnt`);
  const loop = await plan('truncate --size=16M image && mkfs.ext4 -q image && mount -o loop image /mnt');
  rmSync(folder, { recursive: true });
  expectClear(unnamed, 24, 'agent-on-frozen-mount', 'the TMPDIR /mnt may lie on what would be frozen: the upperdir');
  expectClear(named, 24, 'agent-on-frozen-mount', `the TMPDIR /mnt ends in ${folder}/`);
  expectClear(loop, 24, 'agent-on-frozen-mount', `the TMPDIR /mnt ends in ${folder}/image`);
});

describe('a table on an ext4', () => {
  const planWith = async (kind: Parameters<typeof mountExt4>[0], ...argv: string[]) => {
    using ext4 = mountExt4(kind);
    const far = join(ext4.mountPoint, 'far');
    execFileSync('install', ['--directory', '--owner=mysql', '--group=mysql', far]);
    await host.root.query(`CREATE TABLE mysql.far (a INT) ENGINE=InnoDB DATA DIRECTORY='${far}'`);
    try {
      return { ext4, stderr: (await host.agent('plan', ...argv)).stderr };
    } finally {
      await host.root.query('DROP TABLE mysql.far');
    }
  };

  it('that has its journal elsewhere needs the volume of that as well', async () => {
    const { ext4, stderr } = await planWith('external journal');
    for (const device of [ext4.device, ext4.journal])
      expect(stderr).toContain(`${device?.slice('/dev/'.length)} under ${ext4.mountPoint} is no EBS volume attached`);
  });

  it('that has no journal is not only synced', async () => {
    const frozen = await planWith('no journal');
    expect(frozen.stderr).not.toContain('has no journal');
    const { ext4, stderr } = await planWith('no journal', '--freeze', 'never');
    expect(stderr).toContain(`${ext4.mountPoint} would not be frozen, and its ext4 has no journal`);
  });
});

describe('plan says all of it at once', () => {
  const denied = { kind: 'refuse', code: 'UnauthorizedOperation', status: 403 } as const;
  const refused = ({ stderr }: { stderr: string }) =>
    [...(stderr.split('REFUSED\n')[1] ?? '').matchAll(/^ {2}([a-z-]+): /gm)].map(([, code]) => code);

  it('what facts tell, what the server is asked, and what AWS would deny', async () => {
    host.aws.behave({
      faults: [
        { ...denied, action: 'CreateSnapshots', dryRun: true },
        { ...denied, action: 'GetCallerIdentity', code: 'AccessDenied' },
      ],
    });
    await using _other = await anotherSession('BACKUP STAGE START');
    const log = join(host.datadir, '../agent.log');
    const run = await host.agent('plan', '--log-file', log, '--lock-timeout', '1');
    rmSync(log, { force: true });
    expect(refused(run)).toEqual(['agent-on-frozen-mount', 'other-backup', 'no-permission', 'no-permission']);
    expect(run.stderr).toContain('ec2:CreateSnapshots is denied');
    expect(run.stderr).toContain('sts:GetCallerIdentity is denied');
    expectClear(run, 24, 'agent-on-frozen-mount', host.mounts[0] ?? '');
    expect(run.result?.message).toContain('(and 3 more');
  });

  it('an account that lacks a privilege is not asked more; AWS is', async () => {
    host.aws.behave({ faults: [{ ...denied, action: 'CreateSnapshots', dryRun: true }] });
    await host.root.query('REVOKE RELOAD ON *.* FROM ebs_snapshot@localhost');
    const run = await host.agent('plan');
    await host.root.query('GRANT RELOAD ON *.* TO ebs_snapshot@localhost');
    expect(refused(run)).toEqual(['server-denied', 'no-permission']);
  });

  it('nothing is taken by a plan', () => {
    const taken = host.aws.calls.filter((call) => call.action === 'CreateSnapshots' && !call.parameters['DryRun']);
    expect(taken).toEqual([]);
  });
});

// The last one: the snapshots stay pending.
it('as many pending snapshots as EC2 allows', async () => {
  host.aws.behave({ snapshotCompletionMs: 3_600_000 });
  const ec2 = new EC2Client({
    endpoint: host.aws.endpoint,
    region: host.aws.region,
    credentials: host.aws.administrator,
  });
  const InstanceSpecification = { InstanceId: 'i-0123456789abcdef0' };
  for (let taken = 0; taken < 4; taken += 1) await ec2.send(new CreateSnapshotsCommand({ InstanceSpecification }));
  expect(await host.agent('plan')).toMatchObject({ status: 0 });
  await ec2.send(new CreateSnapshotsCommand({ InstanceSpecification }));
  expectClear(await host.agent('snapshot'), 11, 'snapshots-pending', 'vol-00000000000000001 (gp3) has 5 pending');
});
