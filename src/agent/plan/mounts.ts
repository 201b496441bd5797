import type { HostFacts, MountPoint, UsedMount } from '../discovery/facts.ts';
import type { DecidedRequest, SnapshotPlan } from './snapshot-plan.ts';

/**
 * The mount that a real path lies on: the longest mount point above it, of several the last, which lies on top.
 * `mounts` has no hidden ones (`StorageMap.hostMounts`).
 */
export function mountPointOf(path: string, mounts: readonly MountPoint[]): MountPoint | undefined {
  let best: MountPoint | undefined;
  for (const mount of mounts) {
    const folder = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
    if (`${path}/`.startsWith(folder) && mount.mountPoint.length >= (best?.mountPoint.length ?? 0)) best = mount;
  }
  return best;
}

/** What is frozen, and what is only synced under the lock; without a lock, neither. The root file system is never frozen. */
export function splitMounts(
  { storage }: HostFacts,
  { freeze, level }: Pick<DecidedRequest, 'freeze' | 'level'>,
): { readonly frozen: readonly UsedMount[]; readonly synced: readonly UsedMount[] } {
  if (level === 'crash') return { frozen: [], synced: [] };
  const isFrozen = (mount: UsedMount): boolean => freeze === 'auto' && !mount.isRoot;
  return { frozen: storage.mounts.filter(isFrozen), synced: storage.mounts.filter((mount) => !isFrozen(mount)) };
}

/** The superblock that a file of the server is on: what lies under a bind mount is shown where it is frozen. */
export function usedMountOf({ facts: { storage } }: SnapshotPlan, path: string): UsedMount | undefined {
  const mount = mountPointOf(path, storage.hostMounts);
  return storage.mounts.find(({ majorMinor }) => majorMinor === mount?.majorMinor);
}
