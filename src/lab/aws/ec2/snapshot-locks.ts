import * as v from 'valibot';
import type { ApiCall } from '../api-call.ts';
import { authorizedSnapshot } from './authorized-snapshot.ts';
import { authorizeEc2, type Ec2World, endDryRun } from './ec2-world.ts';
import { ec2Page, Paging } from './paging.ts';
import { Flag, items, parseParameters, WholeNumber, type XmlElement } from './query-protocol.ts';

const LockParameters = v.strictObject({
  SnapshotId: v.string(),
  LockMode: v.literal('governance'),
  LockDuration: v.pipe(WholeNumber, v.minValue(1, 'At least one day.'), v.maxValue(36_500, 'At most 36,500 days.')),
  DryRun: v.optional(Flag, 'false'),
});

/** LockSnapshot in the mode `governance`; the lab's locks do not expire. */
export async function lockSnapshot(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(LockParameters, call.parameters);
  const snapshot = authorizedSnapshot(world, call, request);
  snapshot.lock = { mode: request.LockMode, days: request.LockDuration };
  return { snapshotId: snapshot.snapshotId, lockState: snapshot.lock.mode, lockDuration: snapshot.lock.days };
}

const DescribeParameters = v.strictObject({ ...Paging, DryRun: v.optional(Flag, 'false') });

/** DescribeLockedSnapshots: all there are of this account. */
export async function describeLockedSnapshots(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(DescribeParameters, call.parameters);
  authorizeEc2(call.caller, 'DescribeLockedSnapshots', '*');
  endDryRun(request.DryRun);
  const locked = [...world.state.snapshots.values()].flatMap(({ snapshotId, lock }) =>
    lock === undefined ? [] : [{ snapshotId, lock }],
  );
  const page = ec2Page(locked, ({ snapshotId }) => snapshotId, request);
  return {
    snapshotSet: items(
      page.items.map(({ snapshotId, lock }) => ({
        ownerId: world.account.id,
        snapshotId,
        lockState: lock.mode,
        lockDuration: lock.days,
      })),
    ),
    nextToken: page.nextToken,
  };
}
