import type { HostFacts, MountPoint, StorageMap, UsedMount } from '../discovery/facts.ts';
import type { FileSystem } from '../ports.ts';
import type { DecidedRequest, SnapshotPlan } from './snapshot-plan.ts';

/**
 * The mount that a real path lies on: the longest mount point above it, of several the last, which lies on top.
 * `mounts` has no hidden ones (`StorageMap.hostMounts`).
 */
export function mountPointOf(path: string, mounts: readonly MountPoint[]): MountPoint | undefined {
  const lastAt = lastMounts(mounts);
  for (let folder = path; folder.startsWith('/'); folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const mount = lastAt.get(folder);
    if (mount !== undefined) return mount;
  }
  return path.startsWith('/') ? lastAt.get('/') : undefined;
}

const lastMountsOf = new WeakMap<readonly MountPoint[], ReadonlyMap<string, MountPoint>>();

/** Mount point -> the last mount there; made once for a table, which may be long. */
function lastMounts(mounts: readonly MountPoint[]): ReadonlyMap<string, MountPoint> {
  const known = lastMountsOf.get(mounts);
  if (known !== undefined) return known;
  const made = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  lastMountsOf.set(mounts, made);
  return made;
}

/** What is frozen, and what is only synced under the lock; without a lock, neither. */
export function splitMounts(
  { storage }: HostFacts,
  { freeze, level }: Pick<DecidedRequest, 'freeze' | 'level'>,
): { readonly frozen: readonly UsedMount[]; readonly synced: readonly UsedMount[] } {
  if (level === 'crash') return { frozen: [], synced: [] };
  const isFrozen = (mount: UsedMount): boolean =>
    freeze === 'auto' && reasonNeverToFreeze(storage, mount) === undefined;
  return { frozen: storage.mounts.filter(isFrozen), synced: storage.mounts.filter((mount) => !isFrozen(mount)) };
}

/**
 * Why a file system is synced only: this host may not do without it. In a container the root file system of the host is
 * not what is mounted on `/`, but it is on the boot volume.
 */
export function reasonNeverToFreeze({ members }: StorageMap, { isRoot, volumes }: UsedMount): string | undefined {
  if (isRoot) return 'it holds the root file system';
  const isOnBootVolume = members.some(({ isBootVolume, volume }) => isBootVolume && volumes.includes(volume.volumeId));
  return isOnBootVolume ? 'it is on the boot volume' : undefined;
}

/** The superblock that a file of the server is on: what lies under a bind mount is shown where it is frozen. */
export function usedMountOf({ facts: { storage } }: SnapshotPlan, path: string): UsedMount | undefined {
  const mount = mountPointOf(path, storage.hostMounts);
  return storage.mounts.find(({ majorMinor }) => majorMinor === mount?.majorMinor);
}

/** The file systems under the server: all of them, or those that are mounted on these mount points. */
export const fileSystemsOf = (
  { facts: { storage } }: SnapshotPlan,
  mounts?: readonly string[],
): readonly FileSystem[] =>
  storage.mounts
    .filter(({ mountPoint }) => mounts?.includes(mountPoint) ?? true)
    .map(({ mountPoint, majorMinor }) => ({ mountPoint, device: majorMinor }));
