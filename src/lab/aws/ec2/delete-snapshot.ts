import * as v from 'valibot';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizedSnapshot } from './authorized-snapshot.ts';
import type { Ec2World } from './ec2-world.ts';
import { Flag, parseParameters, type XmlElement } from './query-protocol.ts';

const Parameters = v.strictObject({ SnapshotId: v.string(), DryRun: v.optional(Flag, 'false') });

/** DeleteSnapshot: one, whatever set it is a member of; not while it is locked [doc: Amazon EBS snapshot lock]. */
export async function deleteSnapshot(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(Parameters, call.parameters);
  const snapshot = authorizedSnapshot(world, call, request);
  if (snapshot.lock !== undefined)
    throw new ApiError(
      'OperationNotPermitted',
      `The snapshot '${snapshot.snapshotId}' is locked and cannot be deleted.`,
    );
  world.state.removeSnapshot(snapshot);
  return { return: true };
}
