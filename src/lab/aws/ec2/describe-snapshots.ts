import * as v from 'valibot';
import type { Account } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { authorizeEc2, type Ec2World, endDryRun } from './ec2-world.ts';
import { type Filters as FilterList, Filters, isLiteral, matcher } from './filters.ts';
import { findSnapshot } from './lookup.ts';
import { ec2Page, Paging, refuseIdsWithPaging } from './paging.ts';
import { Flag, items, parseParameters, type XmlElement } from './query-protocol.ts';
import { type Ec2Snapshot, type Ec2State, snapshotStatus } from './state.ts';
import { tagSet } from './tags.ts';

const Parameters = v.strictObject({
  SnapshotId: v.optional(v.array(v.string()), []),
  Owner: v.optional(v.array(v.string()), []),
  Filter: Filters,
  ...Paging,
  DryRun: v.optional(Flag, 'false'),
});

/** DescribeSnapshots: of this account, which owns all there are. */
export async function describeSnapshots(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(Parameters, call.parameters);
  authorizeEc2(call.caller, 'DescribeSnapshots', '*');
  endDryRun(request.DryRun);
  refuseIdsWithPaging(request.SnapshotId, 'snapshotIds', request.MaxResults);
  const owned =
    request.Owner.length === 0 || request.Owner.includes('self') || request.Owner.includes(world.account.id);
  const candidates = owned ? candidatesFor(world.state, request.SnapshotId, request.Filter) : [];
  const found = candidates.filter(matcher(request.Filter, filterValues(world)));
  const page = ec2Page(found, ({ snapshotId }) => snapshotId, request);
  return {
    snapshotSet: items(page.items.map((snapshot) => describe(world.account, snapshot, world.now()))),
    nextToken: page.nextToken,
  };
}

/** The fewest snapshots that an index can narrow the request to, in order of creation. */
function candidatesFor(state: Ec2State, ids: readonly string[], filters: FilterList): readonly Ec2Snapshot[] {
  if (ids.length > 0) return [...new Set(ids)].map((id) => findSnapshot(state, id));
  for (const { Name, Value } of filters) {
    const [value] = Value;
    if (Name.startsWith('tag:') && Value.length === 1 && value !== undefined && isLiteral(value)) {
      return [...state.snapshotsTagged(Name.slice('tag:'.length), value)];
    }
    if (Name === 'volume-id' && Value.every(isLiteral)) {
      return [...new Set(Value)].flatMap((id) => state.snapshotsOfVolume(id));
    }
  }
  return [...state.snapshots.values()];
}

const filterValues =
  ({ account, now }: Ec2World) =>
  (snapshot: Ec2Snapshot, name: string): readonly string[] | undefined => {
    switch (name) {
      case 'snapshot-id':
        return [snapshot.snapshotId];
      case 'volume-id':
        return [snapshot.volumeId];
      case 'status':
        return [snapshotStatus(snapshot, now())];
      case 'description':
        return [snapshot.description];
      case 'owner-id':
        return [account.id];
      case 'start-time':
        return [snapshot.startTime.toISOString()];
      default:
        return undefined;
    }
  };

function describe(account: Account, snapshot: Ec2Snapshot, now: number): XmlElement {
  const status = snapshotStatus(snapshot, now);
  return {
    snapshotId: snapshot.snapshotId,
    volumeId: snapshot.volumeId,
    status,
    statusMessage: status === 'error' ? 'A snapshot of the same set failed' : undefined,
    startTime: snapshot.startTime.toISOString(),
    completionTime: status === 'completed' ? new Date(snapshot.completesAt).toISOString() : undefined,
    progress: status === 'completed' ? '100%' : '0%',
    ownerId: account.id,
    volumeSize: snapshot.sizeGiB,
    description: snapshot.description,
    encrypted: false,
    storageTier: 'standard',
    tagSet: tagSet(snapshot.tags),
  };
}
