import * as v from 'valibot';
import { SnapshotId, VolumeId } from '../../shared/ids.ts';
import { TAG_LIMITS } from '../../shared/tags.ts';

/*
 * What is taken of EC2's and STS's answers; whatever else is in them is passed over. EC2 sends an empty list where there
 * is nothing, so an answer without the list is none of EC2's.
 */

const TagList = v.optional(v.array(v.object({ Key: v.string(), Value: v.optional(v.string(), '') })), []);
export type TagList = v.InferOutput<typeof TagList>;

/** One page of DescribeInstances. */
export const Reservations = v.object({
  Reservations: v.array(
    v.object({
      Instances: v.array(
        v.object({
          InstanceId: v.string(),
          RootDeviceName: v.optional(v.pipe(v.string(), v.minLength(1))),
          Tags: TagList,
        }),
      ),
    }),
  ),
});

/** One page of DescribeVolumes; sizes in GiB. A volume whose device path is not told can still be known by its serial. */
export const Volumes = v.object({
  Volumes: v.array(
    v.object({
      VolumeId,
      Size: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      VolumeType: v.pipe(v.string(), v.nonEmpty()),
      Attachments: v.array(
        v.object({ InstanceId: v.optional(v.string()), State: v.string(), Device: v.optional(v.string(), '') }),
      ),
      Tags: TagList,
    }),
  ),
});

/** CreateSnapshots, and one page of DescribeSnapshots. */
export const Snapshots = v.object({ Snapshots: v.array(v.object({ SnapshotId, VolumeId })) });
export type Snapshots = v.InferOutput<typeof Snapshots>['Snapshots'];

/** GetCallerIdentity; the id goes into a tag. */
export const CallerIdentity = v.object({
  UserId: v.pipe(v.string(), v.minLength(1), v.maxLength(TAG_LIMITS.value)),
});
