import {
  CreateSnapshotsCommand,
  DeleteSnapshotCommand,
  DescribeLockedSnapshotsCommand,
  DescribeSnapshotsCommand,
  LockSnapshotCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TAG } from '../../src/shared/tags.ts';
import { type Clients, failure, instanceId, type Lab, plainHost, startLab, volumeId } from './embedded-lab.ts';

let lab: Lab;
let ec2: Clients['ec2'];

beforeEach(async () => {
  lab = await startLab();
  ec2 = lab.as('administrator').ec2;
  await lab.aws.addHost(plainHost(1));
});
afterEach(() => lab[Symbol.asyncDispose]());

async function take(tags: Record<string, string> = {}): Promise<string[]> {
  const { Snapshots = [] } = await ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: instanceId(1) },
      TagSpecifications: [
        { ResourceType: 'snapshot', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
      ],
    }),
  );
  return Snapshots.map(({ SnapshotId = '' }) => SnapshotId);
}
const remove = (SnapshotId: string, as = ec2) => as.send(new DeleteSnapshotCommand({ SnapshotId }));
const lock = (SnapshotId: string) =>
  ec2.send(new LockSnapshotCommand({ SnapshotId, LockMode: 'governance', LockDuration: 7 }));
const left = async (Filters: { Name: string; Values: string[] }[] = []) =>
  (await ec2.send(new DescribeSnapshotsCommand({ Filters }))).Snapshots?.map(({ SnapshotId }) => SnapshotId);

describe('DeleteSnapshot', () => {
  test('takes one member away, and leaves the others', async () => {
    const [first = '', ...others] = await take({ Team: 'db' });
    await remove(first);
    expect(await left()).toEqual(others);
    expect(await left([{ Name: 'tag:Team', Values: ['db'] }])).toEqual(others);
    expect(await left([{ Name: 'volume-id', Values: [volumeId(100)] }])).toEqual([]);
  });

  test('knows what is gone, and what is no id', async () => {
    const [first = ''] = await take();
    await remove(first);
    expect(await failure(remove(first))).toMatchObject({ name: 'InvalidSnapshot.NotFound', status: 400 });
    expect(await failure(remove('snap-1'))).toMatchObject({ name: 'InvalidSnapshotID.Malformed' });
  });

  test('with DryRun only says that it would', async () => {
    const [first = ''] = await take();
    const dry = ec2.send(new DeleteSnapshotCommand({ SnapshotId: first, DryRun: true }));
    expect(await failure(dry)).toMatchObject({ name: 'DryRunOperation', status: 412 });
    expect(await left()).toContain(first);
  });

  test('does not take away what is locked', async () => {
    const [first = ''] = await take();
    expect(await lock(first)).toMatchObject({ SnapshotId: first, LockState: 'governance', LockDuration: 7 });
    expect(await failure(remove(first))).toMatchObject({ name: 'OperationNotPermitted' });
    expect(await left()).toContain(first);
  });
});

test('DescribeLockedSnapshots lists them all, page by page', async () => {
  const ids = [...(await take()), ...(await take()), ...(await take())];
  for (const id of ids) await lock(id);
  await take();
  const found: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ec2.send(new DescribeLockedSnapshotsCommand({ MaxResults: 5, NextToken }));
    expect(page.Snapshots?.length).toBeLessThanOrEqual(5);
    found.push(...(page.Snapshots ?? []).map(({ SnapshotId }) => SnapshotId));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  expect(found.sort()).toEqual(ids.sort());
});

describe('the pruner', () => {
  test('deletes members of sets, and nothing else', async () => {
    const [ours = ''] = await take({ [TAG.set]: `r/${instanceId(1)}` });
    const [foreign = ''] = await take();
    const pruner = lab.as('pruner').ec2;
    await remove(ours, pruner);
    expect(await failure(remove(foreign, pruner))).toMatchObject({ name: 'UnauthorizedOperation', status: 403 });
  });

  test('is neither a host nor the operator', async () => {
    const [ours = ''] = await take({ [TAG.set]: `r/${instanceId(1)}` });
    const host = lab.asHost((await lab.aws.addHost(plainHost(2))).imdsEndpoint).ec2;
    for (const other of [host, lab.as('operator').ec2])
      expect(await failure(remove(ours, other))).toMatchObject({ name: 'UnauthorizedOperation' });
  });
});
