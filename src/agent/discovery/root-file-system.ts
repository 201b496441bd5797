import { type Mount, mountOf, superOption } from './mountinfo.ts';

/**
 * The devices (`major:minor`) of the file systems that hold `/`: its own, and where it is an overlay those on which its
 * layers lie, as far as their paths lead to a mount here (in a container they are paths of the host).
 */
export function rootFileSystems(mounts: readonly Mount[]): ReadonlySet<string> {
  const root = mountOf('/', mounts);
  if (root === undefined) return new Set();
  const layers =
    root.fsType === 'overlay'
      ? ['upperdir', 'workdir', 'lowerdir'].flatMap((option) => superOption(root, option)?.split(':') ?? [])
      : [];
  const below = layers.map((layer) => mountOf(layer, mounts)?.majorMinor).filter((device) => device !== undefined);
  return new Set([root.majorMinor, ...below]);
}
