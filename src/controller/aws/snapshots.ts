import {
  DeleteSnapshotCommand,
  DescribeLockedSnapshotsCommand,
  type EC2Client,
  type Filter,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import * as v from 'valibot';
import { InstanceId, type RunId, SnapshotId, VolumeId } from '../../shared/ids.ts';
import { parseResponse } from '../../shared/parse-response.ts';
import { TAG, TAG_PREFIX, type Tags } from '../../shared/tags.ts';
import { portions } from '../collections.ts';
import type { SetChoice, Snapshot, Snapshots } from '../ports.ts';
import { asking, isNamed } from './aws-errors.ts';
import { copyString, sameForAll, tagInterner } from './compact-tags.ts';

/** A request takes so many values a filter, a page holds so many items [API model]. */
const LIMITS = { values: 200, page: 1000 } as const;

/**
 * Returns the port to the account's own EBS snapshots. Every request is retried, deletions too: one that is gone is no
 * error. Sizes are GiB. Throws what `fromAws` returns.
 */
export function snapshots({ ec2Retrying: client }: { readonly ec2Retrying: EC2Client }): Snapshots {
  return {
    ofSets(choice) {
      return asking('ec2:DescribeSnapshots', async () => {
        const found: Snapshot[] = [];
        const keep = tagInterner((key) => key === TAG.name || key.startsWith(TAG_PREFIX));
        const alike = sameForAll();
        for (const Filters of filtersOf(choice)) {
          const request = { OwnerIds: ['self'], Filters };
          for await (const page of paginateDescribeSnapshots({ client, pageSize: LIMITS.page }, request))
            for (const each of parseResponse('ec2:DescribeSnapshots', Page, page).Snapshots) {
              const described = parseResponse('ec2:DescribeSnapshots', DescribedSnapshot, each);
              const tags = keep(described.Tags);
              found.push(snapshot(described, alike(tags[TAG.set] ?? '', tags)));
            }
        }
        return found;
      });
    },

    pending(run) {
      return asking('ec2:DescribeSnapshots', async () => {
        const Filters = [ofRun(run), { Name: 'status', Values: ['pending'] }];
        const request = { OwnerIds: ['self'], Filters };
        // A page may be empty and not the last.
        for await (const page of paginateDescribeSnapshots({ client, pageSize: LIMITS.page }, request)) {
          const { length } = parseResponse('ec2:DescribeSnapshots', Page, page).Snapshots;
          if (length > 0) return length;
        }
        return 0;
      });
    },

    attachments(volumes) {
      return asking('ec2:DescribeVolumes', async () => {
        const found = new Map<string, InstanceId>();
        // By filter: an id of a volume that is gone would fail the request.
        for (const Values of portions([...new Set(volumes)], LIMITS.values)) {
          const request = { Filters: [{ Name: 'volume-id', Values }] };
          for await (const page of paginateDescribeVolumes({ client, pageSize: LIMITS.page }, request)) {
            for (const { VolumeId: volume, Attachments } of parseResponse('ec2:DescribeVolumes', Volumes, page).Volumes)
              for (const { InstanceId: instance } of Attachments) if (instance) found.set(volume, instance);
          }
        }
        return found;
      });
    },

    locked() {
      return asking('ec2:DescribeLockedSnapshots', async () => {
        const found = new Set<SnapshotId>();
        let NextToken: string | undefined;
        do {
          const answer = await client.send(new DescribeLockedSnapshotsCommand({ MaxResults: LIMITS.page, NextToken }));
          const page = parseResponse('ec2:DescribeLockedSnapshots', Locked, answer);
          for (const { SnapshotId: id, LockState } of page.Snapshots) if (LockState !== 'expired') found.add(id);
          NextToken = page.NextToken;
        } while (NextToken);
        return found;
      });
    },

    async delete(id) {
      await asking('ec2:DeleteSnapshot', async () => {
        try {
          await client.send(new DeleteSnapshotCommand({ SnapshotId: id }));
        } catch (thrown) {
          if (!isNamed(thrown, 'InvalidSnapshot.NotFound')) throw thrown;
        }
      });
    },
  };
}

/** The filters of the requests that together find what was chosen. */
function filtersOf(choice: SetChoice): Filter[][] {
  if (choice.by === 'all') return [[{ Name: 'tag-key', Values: [TAG.set] }]];
  if (choice.by === 'run') {
    if (choice.only === undefined) return [[ofRun(choice.run)]];
    return portions(choice.only, LIMITS.values).map((ids) => [ofRun(choice.run), ofInstances(ids)]);
  }
  if (choice.by === 'name') return [[{ Name: `tag:${TAG.set}`, Values: [literally(choice.set)] }]];
  return portions(choice.ids, LIMITS.values).map((ids) => [ofInstances(ids)]);
}

const ofInstances = (ids: InstanceId[]): Filter => ({ Name: `tag:${TAG.instance}`, Values: ids });
const ofRun = (run: RunId): Filter => ({ Name: `tag:${TAG.run}`, Values: [literally(run)] });

/** `*` and `?` in a filter stand for others. */
const literally = (value: string): string => value.replace(/[*?\\]/g, '\\$&');

const Tag = v.object({ Key: v.string(), Value: v.optional(v.string(), '') });
/** The snapshots of a page are understood one by one: the copies of a thousand at once would be the peak of our memory. */
const Page = v.object({ Snapshots: v.array(v.unknown()) });
const DescribedSnapshot = v.object({
  SnapshotId,
  VolumeId,
  State: v.picklist(['pending', 'completed', 'error', 'recoverable', 'recovering']),
  StartTime: v.date(),
  VolumeSize: v.number(),
  Tags: v.optional(v.array(Tag), []),
});
const Volumes = v.object({
  Volumes: v.array(
    v.object({ VolumeId, Attachments: v.optional(v.array(v.object({ InstanceId: v.optional(InstanceId) })), []) }),
  ),
});
const Locked = v.object({
  Snapshots: v.optional(v.array(v.object({ SnapshotId, LockState: v.optional(v.string()) })), []),
  NextToken: v.optional(v.string()),
});

type DescribedSnapshot = v.InferOutput<typeof DescribedSnapshot>;

const snapshot = (described: DescribedSnapshot, tags: Tags): Snapshot => ({
  snapshotId: copyString(described.SnapshotId),
  volumeId: copyString(described.VolumeId),
  state: described.State,
  startTime: described.StartTime,
  sizeGiB: described.VolumeSize,
  tags,
});
