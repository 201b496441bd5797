import * as v from 'valibot';
import { InstanceId, SnapshotId, VolumeId } from '../../../shared/ids.ts';
import { ApiError } from '../api-error.ts';
import type { Ec2Instance, Ec2Snapshot, Ec2State, Ec2Volume } from './state.ts';

/** EC2 tells an id of the wrong form from one that does not exist [doc: EC2 API, error codes]. */
export function findInstance(state: Ec2State, id: string): Ec2Instance {
  if (!v.is(InstanceId, id)) throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  const found = state.instances.get(id);
  if (found === undefined) throw new ApiError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  return found;
}

export function findVolume(state: Ec2State, id: string): Ec2Volume {
  if (!v.is(VolumeId, id))
    throw new ApiError('InvalidParameterValue', `Value (${id}) for parameter volumeId is invalid.`);
  const found = state.volumes.get(id);
  if (found === undefined) throw new ApiError('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
  return found;
}

export function findSnapshot(state: Ec2State, id: string): Ec2Snapshot {
  if (!v.is(SnapshotId, id)) throw new ApiError('InvalidSnapshotID.Malformed', `The snapshot ID '${id}' is malformed`);
  const found = state.snapshots.get(id);
  if (found === undefined) throw new ApiError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  return found;
}
