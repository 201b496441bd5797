import type { MountPoint } from '../discovery/facts.ts';

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
