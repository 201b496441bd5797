import {
  CreateSnapshotsCommand,
  type CreateSnapshotsCommandInput,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clients, failure, instanceId, type Lab, plainHost, startLab, volumeId } from './embedded-lab.ts';

let lab: Lab;
let host: Clients;

beforeEach(async () => {
  lab = await startLab();
  const { imdsEndpoint } = await lab.aws.addHost(plainHost(1, { volumeTags: { Team: 'db', 'aws:backup': 'x' } }));
  host = lab.asHost(imdsEndpoint);
});
afterEach(() => lab[Symbol.asyncDispose]());

const create = (input: Partial<CreateSnapshotsCommandInput> = {}) =>
  host.ec2.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: instanceId(1) }, ...input }));
const tagged = (tags: Record<string, string>): NonNullable<CreateSnapshotsCommandInput['TagSpecifications']> => [
  { ResourceType: 'snapshot', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
];
const asRecord = (tags: { Key?: string | undefined; Value?: string | undefined }[] | undefined) =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key, Value]));

describe('what is in the set', () => {
  test('every attached volume, the boot volume included', async () => {
    const { Snapshots } = await create();
    expect(Snapshots?.map((snapshot) => snapshot.VolumeId)).toEqual([volumeId(100), volumeId(101), volumeId(102)]);
    expect(lab.store.captures.map(({ volumes }) => volumes)).toEqual([[volumeId(100), volumeId(101), volumeId(102)]]);
  });

  test('less what is excluded', async () => {
    const { Snapshots } = await create({
      InstanceSpecification: {
        InstanceId: instanceId(1),
        ExcludeBootVolume: true,
        ExcludeDataVolumeIds: [volumeId(102)],
      },
    });
    expect(Snapshots?.map((snapshot) => snapshot.VolumeId)).toEqual([volumeId(101)]);
  });

  test.each([
    ['the boot volume by its id', [volumeId(100)], 'InvalidParameterValue'],
    ['a volume that does not exist', [volumeId(999)], 'InvalidVolume.NotFound'],
    ['a text that is no volume id', ['sdf'], 'InvalidParameterValue'],
    ['more than 40', Array.from({ length: 41 }, () => volumeId(101)), 'InvalidParameterValue'],
  ])('%s cannot be excluded, and nothing is captured', async (_what, ExcludeDataVolumeIds, name) => {
    const failed = await failure(
      create({ InstanceSpecification: { InstanceId: instanceId(1), ExcludeDataVolumeIds } }),
    );
    expect(failed).toMatchObject({ name, status: 400 });
    expect(lab.store.captures).toEqual([]);
  });

  test("another instance's volume cannot be excluded", async () => {
    await lab.aws.addHost(plainHost(2));
    const failed = await failure(
      create({ InstanceSpecification: { InstanceId: instanceId(1), ExcludeDataVolumeIds: [volumeId(201)] } }),
    );
    expect(failed.name).toBe('InvalidParameterValue');
  });

  test.each([
    ['i-0ffffffffffffffff', 'InvalidInstanceID.NotFound'],
    ['web-1', 'InvalidInstanceID.Malformed'],
  ])('instance %s: %s', async (InstanceId, name) => {
    const failed = await failure(create({ InstanceSpecification: { InstanceId } }));
    expect(failed.name).toBe(name);
  });
});

describe('tags', () => {
  test('are there from the start, and a volume keeps its own where asked', async () => {
    const { Snapshots } = await create({
      TagSpecifications: tagged({ Name: 'n', Team: 'mine' }),
      CopyTagsFromSource: 'volume',
    });
    expect(asRecord(Snapshots?.[1]?.Tags)).toEqual({ Team: 'mine', Name: 'n' });
    expect(asRecord(Snapshots?.[0]?.Tags)).toEqual({ Name: 'n', Team: 'mine' });
    const plain = await create({ CopyTagsFromSource: 'volume' });
    expect(asRecord(plain.Snapshots?.[1]?.Tags)).toEqual({ Team: 'db' });
    const none = await create();
    expect(none.Snapshots?.[1]?.Tags).toEqual([]);
  });

  test('volume tags and ours together must fit in 50', async () => {
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_unused, index) => [`k${index}`, 'v']));
    await create({ TagSpecifications: tagged(fifty) });
    const failed = await failure(create({ TagSpecifications: tagged(fifty), CopyTagsFromSource: 'volume' }));
    expect(failed.name).toBe('TagLimitExceeded');
    expect(lab.store.captures).toHaveLength(1);
  });

  test.each([
    ['a key of 128 characters', { ['k'.repeat(128)]: 'v' }],
    ['a value of 257 characters', { k: 'v'.repeat(257) }],
    ['a reserved prefix', { 'aws:mine': 'v' }],
  ])('%s is refused', async (_what, tags) => {
    expect(await failure(create({ TagSpecifications: tagged(tags) }))).toMatchObject({
      name: 'InvalidParameterValue',
      status: 400,
    });
  });

  test.each(['x'.repeat(256), 'größer'])(
    'a description beyond 255 ASCII characters is refused',
    async (Description) => {
      expect(await failure(create({ Description }))).toMatchObject({ name: 'InvalidParameterValue' });
    },
  );
});

describe('DryRun', () => {
  test('succeeds as an error, and captures nothing', async () => {
    expect(await failure(create({ DryRun: true }))).toMatchObject({ name: 'DryRunOperation', status: 412 });
    expect(lab.store.captures).toEqual([]);
  });

  test('tells a missing permission', async () => {
    await lab.aws.addHost(plainHost(2));
    const failed = await failure(create({ DryRun: true, InstanceSpecification: { InstanceId: instanceId(2) } }));
    expect(failed).toMatchObject({ name: 'UnauthorizedOperation', status: 403 });
    expect(failed.message).toContain('Encoded authorization failure message');
  });
});

describe('what can go wrong', () => {
  const found = async () =>
    (await host.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots?.length;

  test('throttled: refused before the work', async () => {
    lab.aws.behave({ faults: [{ action: 'CreateSnapshots', kind: 'throttle', times: 1 }] });
    expect(await failure(create())).toMatchObject({ name: 'RequestLimitExceeded', status: 503 });
    expect(await found()).toBe(0);
    await create();
  });

  test.each(['drop-after', 'error-after'] as const)('%s: the set exists all the same', async (kind) => {
    lab.aws.behave({ faults: [{ action: 'CreateSnapshots', kind, times: 1 }] });
    await failure(create());
    expect(await found()).toBe(3);
  });

  test('a fault spares DryRun', async () => {
    lab.aws.behave({ faults: [{ action: 'CreateSnapshots', kind: 'drop-before' }] });
    expect(await failure(create({ DryRun: true }))).toMatchObject({ name: 'DryRunOperation' });
  });

  test('a member that fails later takes the whole set with it', async () => {
    lab.aws.behave({ snapshotCompletionMs: 0, faults: [{ action: 'CreateSnapshots', kind: 'set-fails' }] });
    await create();
    const { Snapshots } = await host.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(Snapshots?.map(({ State }) => State)).toEqual(['error', 'error', 'error']);
  });

  test('half a set: one member is missing, whether it is answered or not', async () => {
    lab.aws.behave({ faults: [{ action: 'CreateSnapshots', kind: 'half-set', times: 1 }] });
    expect((await create()).Snapshots).toHaveLength(2);
    lab.aws.behave({ faults: [{ action: 'CreateSnapshots', kind: 'half-set', answered: false, times: 1 }] });
    await failure(create());
    expect(await found()).toBe(4);
  });

  test('the answer comes after the latency, the capture within it', async () => {
    lab.aws.behave({ latencyMs: { CreateSnapshots: 200 } });
    const asked = performance.now();
    await create();
    const answered = performance.now();
    const captured = lab.store.captures[0]?.at ?? Number.NaN;
    expect(answered - asked).toBeGreaterThanOrEqual(199);
    expect(captured).toBeGreaterThan(asked + 99);
    expect(captured).toBeLessThan(answered);
  });

  test('a volume takes five pending snapshots and no more', async () => {
    lab.aws.behave({ snapshotCompletionMs: 60_000 });
    for (let taken = 0; taken < 5; taken += 1) await create();
    expect(await failure(create())).toMatchObject({ name: 'ConcurrentSnapshotLimitExceeded' });
  });

  test.each(['st1', 'sc1'])('a volume of type %s takes one', async (volumeType) => {
    const { volumes, ...slow } = plainHost(2);
    const { imdsEndpoint } = await lab.aws.addHost({
      ...slow,
      volumes: volumes.map((volume) => ({ ...volume, volumeType })),
    });
    const { ec2 } = lab.asHost(imdsEndpoint);
    const InstanceSpecification = { InstanceId: instanceId(2) };
    lab.aws.behave({ snapshotCompletionMs: 60_000 });
    await ec2.send(new CreateSnapshotsCommand({ InstanceSpecification }));
    const Filters = [
      { Name: 'volume-id', Values: [volumeId(200), volumeId(201)] },
      { Name: 'status', Values: ['pending'] },
    ];
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }));
    expect(Snapshots?.map(({ VolumeId }) => VolumeId)).toEqual([volumeId(200), volumeId(201)]);
    expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes?.map(({ VolumeType }) => VolumeType)).toContain(
      volumeType,
    );
    expect(await failure(ec2.send(new CreateSnapshotsCommand({ InstanceSpecification })))).toMatchObject({
      name: 'ConcurrentSnapshotLimitExceeded',
    });
  });

  test('the rate per volume, where it is switched on', async () => {
    lab.aws.behave({ snapshotIntervalMs: 15_000 });
    await create();
    expect(await failure(create())).toMatchObject({ name: 'SnapshotCreationPerVolumeRateExceeded' });
  });
});
