import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { SnapshotId } from '../../shared/ids.ts';
import { TAG } from '../../shared/tags.ts';
import type { EmbeddedAws } from '../aws/embedded-aws.ts';

/**
 * The snapshots of a set by its tag, as somebody finds them who has nothing else.
 * Throws RunError `rehearsal-failed` unless every one is there and graded `application`.
 */
export async function findSet(aws: EmbeddedAws, set: string): Promise<readonly SnapshotId[]> {
  const ec2 = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });
  try {
    const { Snapshots = [] } = await ec2.send(
      new DescribeSnapshotsCommand({ Filters: [{ Name: `tag:${TAG.set}`, Values: [set] }] }),
    );
    for (const { SnapshotId: id, Tags = [] } of Snapshots) {
      const tag = (key: string) => Tags.find((each) => each.Key === key)?.Value;
      if (tag(TAG.grade) !== 'application') {
        throw new RunError('rehearsal-failed', `${id} of ${set} is graded ${tag(TAG.grade)}`);
      }
      if (tag(TAG.members) !== String(Snapshots.length)) {
        throw new RunError('rehearsal-failed', `${set} has ${Snapshots.length} snapshots, not ${tag(TAG.members)}`);
      }
    }
    if (Snapshots.length === 0) throw new RunError('rehearsal-failed', `no snapshot carries the tag of ${set}`);
    return Snapshots.map(({ SnapshotId: id }) => v.parse(SnapshotId, id));
  } finally {
    ec2.destroy();
  }
}
