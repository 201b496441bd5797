import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import { CreateAssociationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mountsBelow } from '../../../src/lab/machine/kernel-mounts.ts';
import { loopsBelow } from '../../../src/lab/machine/loop-devices.ts';
import { TAG } from '../../../src/shared/tags.ts';

const LAB = join(import.meta.dirname, '../../../dist/lab.cjs');
const CONTROLLER = join(import.meta.dirname, '../../../dist/controller.cjs');
const PATIENCE_MS = 120_000;
/** By this seed a host has, in each of two rounds, a table elsewhere from the first second to the end of its run. */
const HOSTILE_SEED = 'friday-8764';

interface LabRun {
  readonly process: ChildProcess;
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
  said(text: string): Promise<void>;
}

let root: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync('/var/lib/mysql-ebs-snapshot-lab-test-');
  chmodSync(root, 0o755);
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await lab('down').ended;
  rmSync(root, { recursive: true });
});

const lab = (verb: string, ...rest: string[]): LabRun => labIn(root, verb, ...rest);
const labIn = (folder: string, verb: string, ...rest: string[]): LabRun =>
  startLab(process.execPath, LAB, verb, '--root', folder, ...rest);

function startLab(program: string, ...args: string[]): LabRun {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return {
    process: child,
    ended: once(child, 'close').then(([status]) => ({ status, stdout, stderr })),
    async said(text) {
      while (!stderr.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended without saying '${text}': ${stderr}`);
        await Promise.race([once(child.stderr, 'data'), once(child, 'close')]);
      }
    },
  };
}

/** Nothing of a lab is left: no mount, no loop device, no folder and no process. */
async function expectNothingLeft(): Promise<void> {
  expect(await mountsBelow(root)).toEqual([]);
  expect(await loopsBelow(root)).toEqual([]);
  expect(readdirSync(root)).toEqual(['lab.lock']);
  expect(await processesIn(root)).toEqual([]);
}

/** Whatever has this root in its arguments or its environment (the servers, the load, the SSM agents' scripts). */
async function processesIn(folder: string): Promise<readonly string[]> {
  const read = (file: string) => readFile(file, 'utf8').catch(() => '');
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const texts = await Promise.all(
    pids.map(async (pid) => (await read(`/proc/${pid}/cmdline`)) + (await read(`/proc/${pid}/environ`))),
  );
  return texts.filter((text) => text.includes(folder));
}

describe('rehearse', () => {
  it.each(['1/1', '2/0', '0/0'])(
    'proves the sets of two hosts at durability %s, and leaves nothing',
    async (durability) => {
      const { status, stdout, stderr } = await lab('rehearse', '--json', '--durability', durability).ended;
      expect(stderr.split('\n').filter((line) => line.startsWith('Not proven'))).toEqual([]);
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        v: 1,
        outcome: 'done',
        hosts: 2,
        ackedLost: 0,
        beyondCoordinates: 0,
        coordinatesExact: true,
        stallMs: [expect.any(Number), expect.any(Number)],
        frozenMs: [expect.any(Number), expect.any(Number)],
      });
      expect(status).toBe(0);
      await expectNothingLeft();
    },
  );

  it('makes replicas of the sets of a source and its replica while their world changes, round after round, and gives all of it back', async () => {
    const run = lab('rehearse', '--json', '--replica', '--rounds', '2', '--hostile', '--seed', HOSTILE_SEED);
    await run.said('Round 1 of 2: proven');
    await run.said('write load runs on the source');
    const { status, stdout, stderr } = await run.ended;
    expect(stderr.split('\n').filter((line) => line.startsWith('Not proven'))).toEqual([]);
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(report).toMatchObject({
      outcome: 'done',
      hosts: 2,
      ackedLost: 0,
      beyondCoordinates: 0,
      coordinatesExact: true,
      replicaDiffs: 0,
      gtidExact: true,
      rounds: 2,
      hostile: { sets: 4 },
    });
    expect(report.hostile.good + report.hostile.notGood.length).toBe(4);
    expect(report.hostile.rowsElsewhere).toBeGreaterThan(0);
    expect(stderr).toContain('While lab-db-2 was to take its set: table t_1 created on another volume');
    expect(status).toBe(0);
    await expectNothingLeft();
  });

  it('leaves nothing where `/` is a shared mount, as systemd makes it', async () => {
    const inShared = ['--mount', '--propagation', 'private', 'sh', '-c', 'mount --make-rshared / && exec "$0" "$@"'];
    const run = startLab('unshare', ...inShared, process.execPath, LAB, 'rehearse', '--root', root, '--hosts', '1');
    const { status, stderr } = await run.ended;
    expect(stderr).not.toContain('still in use');
    expect(status).toBe(0);
    await expectNothingLeft();
  });

  it('cleans up after Ctrl-C under load', async () => {
    const run = lab('rehearse');
    await run.said('write load runs');
    run.process.kill('SIGINT');
    const { status, stderr } = await run.ended;
    expect(stderr).toContain('cancelled by SIGINT');
    expect(status).toBe(130);
    await expectNothingLeft();
  });

  it('that was killed is swept by `down`', async () => {
    const run = lab('rehearse');
    await run.said('write load runs');
    run.process.kill('SIGKILL');
    await run.ended;
    expect(await mountsBelow(root)).not.toEqual([]);
    expect(await lab('down').ended).toMatchObject({ status: 0 });
    await expectNothingLeft();
  });

  it('knows its folder again by whatever way it is given', async () => {
    const link = `/var/lib/link-${process.pid}`;
    symlinkSync(root, link);
    try {
      const run = labIn(`${link}/.`, 'rehearse', '--hosts', '1');
      await run.said('write load runs');
      run.process.kill('SIGINT');
      expect(await run.ended).toMatchObject({ status: 130 });
      await expectNothingLeft();
    } finally {
      unlinkSync(link);
    }
  });

  it.each([
    [['--durability', '3/3'], "'3/3'"],
    [['--api-latency', 'soon'], "'soon'"],
    [['--level', 'auto'], "'auto'"],
    [['--rounds', '0'], "'0'"],
    [['--speed', '1'], '--speed'],
  ])('refuses %j before it builds anything', async (options, named) => {
    const { status, stderr } = await lab('rehearse', ...options).ended;
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(status).toBe(2);
  });
});

describe('up', () => {
  it('stands for any AWS client: a State Manager association takes sets of all hosts, like any other run', async () => {
    const up = await lab('up', '--json').ended;
    expect(up.status).toBe(0);
    const { environment, credentials, hosts } = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '');
    const config = {
      endpoint: environment.AWS_ENDPOINT_URL,
      region: environment.AWS_REGION,
      credentials: credentials.administrator,
    };

    const ssm = new SSMClient(config);
    const Targets = [{ Key: 'tag:Role', Values: ['lab-database'] }];
    await ssm.send(new CreateAssociationCommand({ Name: 'mysql-ebs-snapshot', Targets, Parameters: { Splay: ['1'] } }));

    const ec2 = new EC2Client(config);
    const snapshots = await vi.waitFor(async () => {
      const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
      expect(Snapshots.map((each) => tag(each, TAG.grade))).toEqual(Array(4).fill('application'));
      return Snapshots;
    }, PATIENCE_MS);
    const instances = hosts.map((host: { instanceId: string }) => host.instanceId);
    expect(new Set(snapshots.map((each) => tag(each, TAG.instance)))).toEqual(new Set(instances));
    // Nobody gave the hosts a run id, so each has made one.
    expect(new Set(snapshots.map((each) => tag(each, TAG.run))).size).toBe(2);

    expect(await lab('up').ended).toMatchObject({ status: 29, stderr: expect.stringContaining('another lab stands') });
    expect(await lab('down').ended).toMatchObject({ status: 0 });
    await expectNothingLeft();
  });
});

describe('a schedule', () => {
  it('that the controller makes fires through State Manager, and leaves graded sets of all hosts', async () => {
    const up = await lab('up', '--json').ended;
    expect(up.status).toBe(0);
    const { environment, credentials, hosts } = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '');
    const { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region } = environment;
    const keys = credentials.scheduler;
    const scheduler = [`AWS_ACCESS_KEY_ID=${keys.accessKeyId}`, `AWS_SECRET_ACCESS_KEY=${keys.secretAccessKey}`];
    const controller = async (...argv: string[]) => {
      const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      const ran = await startLab('env', ...given, ...scheduler, process.execPath, CONTROLLER, ...argv, '--json').ended;
      expect(ran).toMatchObject({ status: 0, stderr: '' });
      return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '');
    };
    const ec2 = new EC2Client({ endpoint, region, credentials: credentials.administrator });
    const snapshots = async () =>
      (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];

    const when = ['--cron', '0 3 * * *', '--splay', '0', '--tag', 'Purpose=nightly'];
    const made = await controller('schedule', 'create', 'nightly', '--target', 'tag:Role=lab-database', ...when);
    const [time] = made.schedules[0].next;
    expect(await snapshots()).toEqual([]);

    const ms = Math.max(Date.parse(time) - Date.now(), 0) + 1_000;
    const pushed = await fetch(`${endpoint}/_lab/time/advance`, { method: 'POST', body: JSON.stringify({ ms }) });
    expect(pushed.status).toBe(200);
    const taken = await vi.waitFor(async () => {
      const all = await snapshots();
      expect(all.map((each) => tag(each, TAG.grade))).toEqual(Array(4).fill('application'));
      expect(all.map(({ State }) => State)).toEqual(Array(4).fill('completed'));
      return all;
    }, PATIENCE_MS);
    const instances = hosts.map((host: { instanceId: string }) => host.instanceId);
    expect(new Set(taken.map((each) => tag(each, TAG.instance)))).toEqual(new Set(instances));
    expect(new Set(taken.map((each) => tag(each, TAG.run))).size).toBe(2);
    expect(taken.map((each) => tag(each, 'Purpose'))).toEqual(Array(4).fill('nightly'));
    await vi.waitFor(async () => {
      const { schedules } = await controller('schedule', 'list');
      expect(schedules).toMatchObject([{ name: 'nightly', last: { status: 'Success' } }]);
    }, PATIENCE_MS);

    await controller('schedule', 'delete', 'nightly');
    expect(await lab('down').ended).toMatchObject({ status: 0 });
    await expectNothingLeft();
  });
});

const tag = ({ Tags = [] }: Snapshot, key: string): string | undefined => Tags.find(({ Key }) => Key === key)?.Value;

describe('down', () => {
  it('needs only what takes a lab away: where the server has been uninstalled, its lab can go', async () => {
    const bin = join(root, 'bin');
    mkdirSync(bin);
    for (const program of ['losetup', 'mount', 'umount', 'fsfreeze', 'flock']) {
      const folder = (process.env['PATH'] ?? '').split(':').find((each) => existsSync(join(each, program))) ?? '/sbin';
      symlinkSync(join(folder, program), join(bin, program));
    }
    const down = startLab('env', `PATH=${bin}`, process.execPath, LAB, 'down', '--root', root);
    expect(await down.ended).toMatchObject({ status: 0, stderr: 'There was no lab.\n' });
  });
});
