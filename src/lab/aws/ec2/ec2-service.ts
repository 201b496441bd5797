import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { createSnapshots } from './create-snapshots.ts';
import { createTags } from './create-tags.ts';
import { deleteSnapshot } from './delete-snapshot.ts';
import { describeInstances } from './describe-instances.ts';
import { describeSnapshots } from './describe-snapshots.ts';
import { describeVolumes } from './describe-volumes.ts';
import type { Ec2World } from './ec2-world.ts';
import type { XmlElement } from './query-protocol.ts';
import { describeLockedSnapshots, lockSnapshot } from './snapshot-locks.ts';

/** The actions of EC2 that the lab implements. */
const ACTIONS: Readonly<Record<string, (world: Ec2World, call: ApiCall) => Promise<XmlElement>>> = {
  CreateSnapshots: createSnapshots,
  CreateTags: createTags,
  DeleteSnapshot: deleteSnapshot,
  DescribeInstances: describeInstances,
  DescribeLockedSnapshots: describeLockedSnapshots,
  DescribeSnapshots: describeSnapshots,
  DescribeVolumes: describeVolumes,
  LockSnapshot: lockSnapshot,
};

export function performEc2(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const action = ACTIONS[call.action];
  if (action === undefined)
    throw new ApiError('InvalidAction', `The action ${call.action} is not valid for this web service.`);
  return action(world, call);
}
