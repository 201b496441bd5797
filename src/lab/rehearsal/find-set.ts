import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { SnapshotId, VolumeId } from '../../shared/ids.ts';
import type { SetLevel } from '../../shared/result.ts';
import { TAG, type Tags } from '../../shared/tags.ts';
import type { EmbeddedAws } from '../aws/embedded-aws.ts';

/** A snapshot as EC2 describes it. */
export interface FoundSnapshot {
  readonly snapshotId: SnapshotId;
  readonly volumeId: VolumeId;
  readonly tags: Tags;
}

/** The snapshots that carry a tag, as somebody finds them who has nothing else. */
export async function snapshotsTagged(aws: EmbeddedAws, key: string, value: string): Promise<readonly FoundSnapshot[]> {
  const ec2 = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });
  try {
    const { Snapshots = [] } = await ec2.send(
      new DescribeSnapshotsCommand({ Filters: [{ Name: `tag:${key}`, Values: [value] }] }),
    );
    return Snapshots.map(({ SnapshotId: id, VolumeId: volume, Tags = [] }) => ({
      snapshotId: v.parse(SnapshotId, id),
      volumeId: v.parse(VolumeId, volume),
      tags: Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])),
    }));
  } finally {
    ec2.destroy();
  }
}

/** The snapshots of a set. Throws RunError `rehearsal-failed` unless every one is there and graded as was asked. */
export async function findSet(aws: EmbeddedAws, set: string, grade: SetLevel): Promise<readonly SnapshotId[]> {
  const snapshots = await snapshotsTagged(aws, TAG.set, set);
  for (const { snapshotId, tags } of snapshots) {
    if (tags[TAG.grade] !== grade) {
      throw new RunError('rehearsal-failed', `${snapshotId} of ${set} is graded ${tags[TAG.grade]}`);
    }
    if (tags[TAG.members] !== String(snapshots.length)) {
      throw new RunError('rehearsal-failed', `${set} has ${snapshots.length} snapshots, not ${tags[TAG.members]}`);
    }
  }
  if (snapshots.length === 0) throw new RunError('rehearsal-failed', `no snapshot carries the tag of ${set}`);
  return snapshots.map(({ snapshotId }) => snapshotId);
}
