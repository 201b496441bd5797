import {
  CreateSnapshotsCommand,
  CreateTagsCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realTime } from '../../src/lab/aws/lab-time.ts';
import { type Clients, failure, instanceId, type Lab, plainHost, startLab, volumeId } from './embedded-lab.ts';

let lab: Lab;
let ec2: Clients['ec2'];

beforeEach(async () => {
  lab = await startLab();
  ec2 = lab.as('administrator').ec2;
});
afterEach(() => lab[Symbol.asyncDispose]());

const take = (number: number, tags: Record<string, string> = {}) =>
  ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: instanceId(number) },
      TagSpecifications: [
        { ResourceType: 'snapshot', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );

describe('DescribeInstances', () => {
  test('tells what a host needs to know of itself', async () => {
    await lab.aws.addHost(plainHost(1, { tags: { Name: 'first & <best>' } }));
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId(1)] }));
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      InstanceId: instanceId(1),
      State: { Name: 'running', Code: 16 },
      RootDeviceName: '/dev/xvda',
      Tags: [{ Key: 'Name', Value: 'first & <best>' }],
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { VolumeId: volumeId(100), DeleteOnTermination: true } },
        { DeviceName: '/dev/sdf', Ebs: { VolumeId: volumeId(101), DeleteOnTermination: false } },
        { DeviceName: '/dev/sdg', Ebs: { VolumeId: volumeId(102) } },
      ],
    });
  });

  test('filters by tag, wildcards included, all filters together', async () => {
    await lab.aws.addHost(plainHost(1, { tags: { Role: 'db-main', Env: 'prod' } }));
    await lab.aws.addHost(plainHost(2, { tags: { Role: 'db-replica', Env: 'test' } }));
    const found = async (...Filters: { Name: string; Values: string[] }[]) =>
      (await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations?.map(
        ({ Instances }) => Instances?.[0]?.InstanceId,
      );
    expect(await found({ Name: 'tag:Role', Values: ['db-*'] })).toEqual([instanceId(1), instanceId(2)]);
    expect(await found({ Name: 'tag:Role', Values: ['db-*'] }, { Name: 'tag:Env', Values: ['prod'] })).toEqual([
      instanceId(1),
    ]);
    expect(await found({ Name: 'tag:Role', Values: ['db-\\*'] })).toEqual([]);
    expect(await failure(found({ Name: 'colour', Values: ['red'] }))).toMatchObject({ name: 'InvalidParameterValue' });
  });

  test.each([
    ['i-0ffffffffffffffff', 'InvalidInstanceID.NotFound'],
    ['web', 'InvalidInstanceID.Malformed'],
  ])('%s: %s', async (id, name) => {
    expect(await failure(ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] })))).toMatchObject({
      name,
      status: 400,
    });
  });
});

describe('DescribeVolumes', () => {
  test("an instance's volumes, with their attachment", async () => {
    for (const number of [1, 2]) await lab.aws.addHost(plainHost(number, { volumeTags: { Team: 'db' } }));
    const Filters = [{ Name: 'attachment.instance-id', Values: [instanceId(2)] }];
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ Filters }));
    expect(Volumes?.map((volume) => volume.VolumeId)).toEqual([volumeId(200), volumeId(201), volumeId(202)]);
    expect(Volumes?.[1]).toMatchObject({
      Size: 10,
      State: 'in-use',
      Attachments: [{ InstanceId: instanceId(2), Device: '/dev/sdf', State: 'attached' }],
      Tags: [{ Key: 'Team', Value: 'db' }],
    });
  });

  test("a volume that is attached later is the instance's too, until it is removed", async () => {
    await lab.aws.addHost(plainHost(1));
    const found = async () => {
      const Filters = [{ Name: 'attachment.instance-id', Values: [instanceId(1)] }];
      return (await ec2.send(new DescribeVolumesCommand({ Filters }))).Volumes?.map((volume) => volume.VolumeId);
    };
    const later = { volumeId: volumeId(150), sizeGiB: 1, device: '/dev/sdz', tags: {}, isBoot: false };
    lab.aws.attachVolume(instanceId(1), later);
    expect(await found()).toEqual([100, 101, 102, 150].map(volumeId));
    await take(1, { set: 'a' });
    expect(lab.store.captures.at(-1)?.volumes).toContain(volumeId(150));
    lab.aws.removeVolume(volumeId(150));
    expect(await found()).toEqual([100, 101, 102].map(volumeId));
  });

  test('comes in pages', async () => {
    await lab.aws.addHost(plainHost(1, { data: 11 }));
    const pages: number[] = [];
    for await (const { Volumes } of paginateDescribeVolumes({ client: ec2, pageSize: 5 }, {}))
      pages.push(Volumes?.length ?? 0);
    expect(pages).toEqual([5, 5, 2]);
  });

  test('a volume that is not there', async () => {
    const failed = await failure(ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId(9)] })));
    expect(failed.name).toBe('InvalidVolume.NotFound');
  });
});

describe('DescribeSnapshots', () => {
  test('by tag, tag key, volume and status; each snapshot as it was taken', async () => {
    await lab.aws.addHost(plainHost(1));
    await lab.aws.addHost(plainHost(2));
    await take(1, { set: 'a/1', run: 'a' });
    await take(2, { set: 'a/2', run: 'a' });
    await take(2, { other: 'x' });
    const volumes = async (...Filters: { Name: string; Values: string[] }[]) =>
      (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }))).Snapshots?.map(
        (found) => found.VolumeId,
      );
    expect(await volumes({ Name: 'tag:set', Values: ['a/2'] })).toEqual([200, 201, 202].map(volumeId));
    expect(await volumes({ Name: 'tag:set', Values: ['a/*'] })).toHaveLength(6);
    expect(await volumes({ Name: 'tag-key', Values: ['other'] })).toHaveLength(3);
    expect(await volumes({ Name: 'volume-id', Values: [volumeId(201)] })).toHaveLength(2);
    expect(await volumes({ Name: 'tag:run', Values: ['a'] }, { Name: 'volume-id', Values: [volumeId(101)] })).toEqual([
      volumeId(101),
    ]);
    expect(await volumes({ Name: 'tag:set', Values: ['b'] })).toEqual([]);
  });

  test('goes from pending to completed in its time', async () => {
    let clock = Date.now();
    await using slow = await startLab({
      time: { ...realTime, now: () => clock },
      behaviour: { snapshotCompletionMs: 1000 },
    });
    await slow.aws.addHost(plainHost(1));
    const client = slow.as('administrator').ec2;
    await client.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: instanceId(1) } }));
    const states = async () =>
      (await client.send(new DescribeSnapshotsCommand({}))).Snapshots?.map(({ State }) => State);
    expect(await states()).toEqual(['pending', 'pending', 'pending']);
    clock += 1000;
    expect(await states()).toEqual(['completed', 'completed', 'completed']);
  });

  test('pages neither repeat nor skip', async () => {
    await lab.aws.addHost(plainHost(1, { data: 11 }));
    await take(1);
    const seen: (string | undefined)[] = [];
    for await (const { Snapshots } of paginateDescribeSnapshots({ client: ec2, pageSize: 5 }, { OwnerIds: ['self'] })) {
      seen.push(...(Snapshots ?? []).map((snapshot) => snapshot.VolumeId));
    }
    expect(seen).toEqual(Array.from({ length: 12 }, (_unused, index) => volumeId(100 + index)));
  });

  test.each([
    ['fewer than 5 a page', 'InvalidParameterValue', { MaxResults: 4 }],
    ['a token of somebody else', 'InvalidNextToken', { MaxResults: 5, NextToken: 'bm9uc2Vuc2U' }],
    ['a snapshot that is not there', 'InvalidSnapshot.NotFound', { SnapshotIds: ['snap-0ffffffffffffffff'] }],
    ['no snapshot id', 'InvalidSnapshotID.Malformed', { SnapshotIds: ['nonsense'] }],
    [
      'ids and pages together',
      'InvalidParameterCombination',
      { SnapshotIds: ['snap-0ffffffffffffffff'], MaxResults: 5 },
    ],
    ['what the lab does not embody', 'UnknownParameter', { RestorableByUserIds: ['self'] }],
  ])('%s: %s', async (_what, name, input) => {
    expect(await failure(ec2.send(new DescribeSnapshotsCommand(input)))).toMatchObject({ name, status: 400 });
  });
});

test('CreateTags overwrites, and the filters follow', async () => {
  await lab.aws.addHost(plainHost(1, { data: 0 }));
  const { Snapshots } = await take(1, { grade: 'unproven' });
  const Resources = [Snapshots?.[0]?.SnapshotId ?? ''];
  await ec2.send(new CreateTagsCommand({ Resources, Tags: [{ Key: 'grade', Value: 'application' }] }));
  const graded = async (grade: string) =>
    (await ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag:grade', Values: [grade] }] }))).Snapshots
      ?.length;
  expect([await graded('unproven'), await graded('application')]).toEqual([0, 1]);
  const fifty = Array.from({ length: 50 }, (_unused, index) => ({ Key: `k${index}`, Value: '' }));
  expect(await failure(ec2.send(new CreateTagsCommand({ Resources, Tags: fifty })))).toMatchObject({
    name: 'TagLimitExceeded',
  });
});

test('an action that the lab does not embody says so', async () => {
  expect(await failure(ec2.send(new DescribeVpcsCommand({})))).toMatchObject({ name: 'InvalidAction' });
});
