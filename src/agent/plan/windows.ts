import type { HostFacts, UsedMount } from '../discovery/facts.ts';
import type { SnapshotRequest } from './snapshot-plan.ts';

/** What is frozen, and what is only synced under the lock. The root file system is never frozen. */
export function splitMounts(
  { storage }: HostFacts,
  { freeze }: Pick<SnapshotRequest, 'freeze'>,
): { readonly frozen: readonly UsedMount[]; readonly synced: readonly UsedMount[] } {
  const isFrozen = (mount: UsedMount): boolean => freeze === 'auto' && !mount.isRoot;
  return { frozen: storage.mounts.filter(isFrozen), synced: storage.mounts.filter((mount) => !isFrozen(mount)) };
}
