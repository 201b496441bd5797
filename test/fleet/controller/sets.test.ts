import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateSnapshotsCommand, CreateTagsCommand, EC2Client, LockSnapshotCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import prunerPolicy from '../../../iam/pruner.json' with { type: 'json' };
import { realTime } from '../../../src/lab/aws/lab-time.ts';
import { TAG } from '../../../src/shared/tags.ts';
import { instanceId, plainHost } from '../../contract/embedded-lab.ts';
import { type FleetLab, startFleetLab } from './fleet-lab.ts';

/** The built controller and the sets of two hosts, nights apart. */

const NOON = Date.parse('2026-11-26T12:00:00Z');
let now = NOON;
let lab: FleetLab;
let ec2: EC2Client;

beforeAll(async () => {
  lab = await startFleetLab({ time: { ...realTime, now: () => now } });
  ec2 = new EC2Client({ endpoint: lab.aws.endpoint, region: lab.aws.region, credentials: lab.aws.administrator });
  for (const host of [1, 2]) await lab.aws.addHost(plainHost(host));
  const [, locked = ''] = await take(1, 18);
  await ec2.send(new LockSnapshotCommand({ SnapshotId: locked, LockMode: 'governance', LockDuration: 9 }));
  await relabel(await take(2, 19), { [TAG.set]: nameOf(1, 19), [TAG.instance]: instanceId(1) });
  for (let day = 20; day < 26; day++) for (const host of [1, 2]) await take(host, day);
  await take(1, 26, { [TAG.grade]: 'broken' }, 1);
  for (const host of [1, 2]) await take(host, 26);
  now = NOON;
});
afterAll(() => lab?.[Symbol.asyncDispose]());

const nameOf = (host: number, day: number, hour = 3) => `night-${day}-${hour}/${instanceId(host)}`;

/** As the agent tags a set that has been graded; as EC2 completes it. */
async function take(host: number, day: number, tags: Record<string, string> = {}, hour = 3): Promise<string[]> {
  now = Date.parse(`2026-11-${day}T0${hour}:00:00Z`);
  const all = {
    [TAG.name]: `202611${day}_030000_db-${host}`,
    [TAG.set]: nameOf(host, day, hour),
    [TAG.run]: `night-${day}-${hour}`,
    [TAG.instance]: instanceId(host),
    [TAG.owner]: `AROALABHOSTROLE000001:${instanceId(host)}`,
    [TAG.grade]: 'application',
    [TAG.members]: '2',
    [TAG.binlog]: `binlog.0000${day}:4`,
    ...tags,
  };
  const { Snapshots = [] } = await ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: instanceId(host), ExcludeBootVolume: true },
      TagSpecifications: [
        { ResourceType: 'snapshot', Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );
  return Snapshots.map(({ SnapshotId = '' }) => SnapshotId);
}

async function relabel(Resources: string[], tags: Record<string, string>): Promise<void> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await ec2.send(new CreateTagsCommand({ Resources, Tags }));
}

/** The newest two of each, one that is locked, and one whose word alone says that it is of the first host. */
const KEPT = [nameOf(1, 18), nameOf(1, 19), nameOf(1, 25), nameOf(1, 26), nameOf(2, 25), nameOf(2, 26)];

interface Listed {
  readonly set: string;
  readonly state: string;
  readonly grade: string;
  readonly fate?: string;
  readonly deleted?: true;
}
const setsOf = (json: object): Listed[] => (json as { sets: Listed[] }).sets;
const listed = async () => setsOf((await lab.run(['list', '--json'])).json).map(({ set }) => set);
const deletions = () => lab.aws.calls.filter(({ action, outcome }) => action === 'DeleteSnapshot' && outcome === 'ok');

describe('list and show', () => {
  it('lists every set, newest first, with what it is worth', async () => {
    const { status, json } = await lab.run(['list', '--json']);
    expect(status).toBe(0);
    expect(setsOf(json)).toHaveLength(17);
    expect(setsOf(json)[0]).toMatchObject({ set: nameOf(2, 26), state: 'complete', grade: 'application' });
    expect((await lab.run(['list', '--instance-ids', instanceId(2)])).stdout).toContain('7 sets');
    const file = join(lab.installation, 'hosts');
    writeFileSync(file, `# ours\n${instanceId(2)} # the replica\n\n${instanceId(3)}\n`);
    expect((await lab.run(['list', '--instance-ids', `@${file}`])).stdout).toContain('7 sets');
  });

  it('shows one set with its members and coordinates', async () => {
    const { status, stdout } = await lab.run(['show', nameOf(1, 26)]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^worth +application$/m);
    expect(stdout).toMatch(/^binlog +binlog\.000026:4$/m);
    expect(stdout).toMatch(/^ {2}snap-\w+ +vol-0{14}065 +completed +10 GiB$/m);
    expect(stdout).toMatch(/^members +2 of 2, 21 GiB$/m);
  });

  it('says which set there is not', async () => {
    const { status, stderr } = await lab.run(['show', 'no/*']);
    expect(status).toBe(28);
    expect(stderr).toMatch(/there is no set 'no\/\*'.*\nhint: .*list/);
  });
});

describe('status', () => {
  const both = ['status', '--target', 'tag:Name=db-1', '--target', 'tag:Name=db-2'];

  it('ends well where every host has a good set that is young enough', async () => {
    const { status, stdout } = await lab.run([...both, '--max-age', '9999w']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('2 of 2 fresh') });
  });

  it('names who has none, and writes it for Prometheus', async () => {
    const file = join(lab.installation, 'status.prom');
    const ids = [1, 2, 3].map(instanceId).join(',');
    await lab.aws.addHost(plainHost(3));
    const { status, json } = await lab.run([
      'status',
      '--instance-ids',
      ids,
      '--max-age',
      '9999w',
      '--prometheus',
      file,
      '--json',
    ]);
    expect({ status, json }).toMatchObject({ status: 45, json: { outcome: 'failed', code: 'stale' } });
    expect(json.message).toBe(`no good set that is young enough: ${instanceId(3)}`);
    expect(readFileSync(file, 'utf8')).toContain(
      `mysql_ebs_snapshot_fresh{instance="${instanceId(3)}",name="db-3"} 0\n`,
    );
    expect((await lab.run([...both, '--max-age', '1h'])).status).toBe(45);
  });

  it.each([
    [['--max-age', '1m'], 2, /'1m' is not valid for --max-age/],
    [['--by', 'Cluster'], 2, /'Cluster' is not valid for --by/],
    [['--prometheus', '/proc/none/x'], 2, /\/proc\/none\/x cannot be written/],
    [['--instance-ids', instanceId(1)], 2, /exclude each other/],
    [['--target', 'tag:Role=none'], 28, /no instance .* tag:Role=none/],
  ])('refuses %j', async (argv, wanted, line) => {
    const { status, stderr } = await lab.run([...both, ...argv]);
    expect({ status, stderr }).toEqual({ status: wanted, stderr: expect.stringMatching(line) });
  });
});

describe('prune', () => {
  it.each([
    [[], 2, /no rule says what to keep/],
    [['--keep-last', 'two'], 2, /'two' is not valid for --keep-last/],
    [['--keep-within', '3m'], 2, /'3m' is not valid for --keep-within/],
    [['--retire-server', '/var/lib/mysql'], 2, /'\/var\/lib\/mysql' is not valid for --retire-server/],
    [['--retire-server', '0123456789ab', '--apply'], 2, /there is no server '0123456789ab' to retire/],
    [['--keep-last', '1', '--instance-ids', 'i-1'], 2, /'i-1'/],
    [['--keep-last', '1', '--instance-ids', ','], 28, /--instance-ids names no host/],
    [['--keep-last', '1', '--instance-ids', '-'], 28, /--instance-ids names no host/],
    [['--keep-last', '1', '--instance-ids', '@/none'], 2, /--instance-ids @\/none cannot be read/],
  ])('refuses %j', async (argv, wanted, line) => {
    const { status, stderr } = await lab.run(['prune', ...argv], { as: 'pruner' });
    expect({ status, stderr }).toEqual({ status: wanted, stderr: expect.stringMatching(line) });
  });

  it('plans, and deletes nothing', async () => {
    const { status, stdout } = await lab.run(['prune', '--keep-last', '2'], { as: 'pruner' });
    expect(status).toBe(0);
    expect(stdout).toContain('11 of 17 sets would be deleted; nothing was: give --apply to do it');
    expect(deletions()).toEqual([]);
  });

  it('of one who may not delete is refused before anything is gone', async () => {
    const { status, stderr } = await lab.run(['prune', '--keep-last', '2', '--apply'], { as: 'operator' });
    expect({ status, stderr }).toEqual({ status: 14, stderr: expect.stringMatching(/AWS denies ec2:Describe/) });
    expect(deletions()).toEqual([]);
  });

  it('left at once, does not say that nothing was changed', async () => {
    // It is held before it has deleted anything: what it says is what it may have done.
    lab.aws.behave({ latencyMs: { DescribeLockedSnapshots: 3_000 } });
    const held = () => lab.aws.calls.filter(({ action }) => action === 'DescribeLockedSnapshots').length;
    const before = held();
    const interrupt = async (pid: number) => {
      await vi.waitFor(() => expect(held()).toBeGreaterThan(before), { timeout: 20_000 });
      process.kill(pid, 'SIGINT');
      process.kill(pid, 'SIGTERM');
    };
    const { status, stderr } = await lab.run(['prune', '--keep-last', '2', '--apply'], {
      as: 'pruner',
      onStart: interrupt,
    });
    lab.aws.behave({ latencyMs: {} });
    expect({ status, stderr }).toEqual({
      status: 44,
      stderr: expect.stringMatching(/left at once; .*\nhint: Run the same `prune` again/),
    });
    expect(deletions()).toEqual([]);
  });

  it('does what it planned; what it deleted by half, the next one finishes; then there is nothing left to do', async () => {
    const rules = ['prune', '--keep-last', '2', '--json'];
    const planned = setsOf((await lab.run(rules, { as: 'pruner' })).json).filter(({ fate }) => fate === 'delete');
    expect(planned).toHaveLength(11);
    // Locked by somebody between the plan and the deed; the first member is gone.
    lab.aws.behave({
      faults: [{ action: 'DeleteSnapshot', kind: 'refuse', code: 'OperationNotPermitted', skip: 3, times: 1 }],
    });
    const first = await lab.run([...rules, '--apply'], { as: 'pruner' });
    expect(first).toMatchObject({ status: 44, json: { outcome: 'failed', code: 'prune-incomplete' } });
    expect(setsOf(first.json).filter(({ deleted }) => deleted)).toHaveLength(10);
    const half = setsOf((await lab.run(['list', '--json'])).json).filter(({ state }) => state === 'partial');
    expect(half).toHaveLength(1);

    const second = await lab.run([...rules, '--apply'], { as: 'pruner' });
    expect(second).toMatchObject({ status: 0, json: { outcome: 'done' } });
    expect(
      setsOf(second.json)
        .filter(({ deleted }) => deleted)
        .map(({ set }) => set),
    ).toEqual(half.map(({ set }) => set));
    expect((await listed()).sort()).toEqual(KEPT.sort());

    const before = deletions().length;
    expect((await lab.run([...rules, '--apply'], { as: 'pruner' })).status).toBe(0);
    expect(deletions()).toHaveLength(before);
  });
});

it('asks for what its policies grant, and they grant no more', () => {
  const asked = (who: string) => {
    const calls = lab.aws.calls.filter(({ principal }) => principal.endsWith(`user/${who}`));
    return [...new Set(calls.map(({ service, action }) => `${service}:${action}`))].sort();
  };
  expect(asked('operator')).toEqual([
    'ec2:DescribeInstances',
    'ec2:DescribeLockedSnapshots', // refused: `prune` is not the operator's
    'ec2:DescribeSnapshots',
    'ec2:DescribeVolumes',
  ]);
  expect(asked('pruner')).toEqual(prunerPolicy.Statement.flatMap(({ Action }) => Action).sort());
});
