import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { authorizeEc2, type Ec2World, endDryRun, resourceTagKeys } from './ec2-world.ts';
import { findSnapshot } from './lookup.ts';
import type { Ec2Snapshot } from './state.ts';

/** The one snapshot that an action is for, once the caller has been found to be allowed it; a DryRun ends here. */
export function authorizedSnapshot(
  { account, state }: Ec2World,
  { caller, action }: ApiCall,
  { SnapshotId: id, DryRun: dryRun }: { readonly SnapshotId: string; readonly DryRun: boolean },
): Ec2Snapshot {
  const snapshot = findSnapshot(state, id);
  authorizeEc2(caller, action, arn.snapshot(account, id), resourceTagKeys(snapshot.tags));
  endDryRun(dryRun);
  return snapshot;
}
