import type { Layer } from '../../shared/manifest.ts';

/**
 * Group and name of a logical volume, from the name that LVM gives its device: joined by a hyphen, with a hyphen within
 * written twice; a device that only LVM itself uses bears a further part (`vg-pool-tpool`). `undefined` for any other.
 */
export function logicalVolumeOf(dmName: string): Layer['logicalVolume'] {
  const [, group, name] = /^((?:[^-]|--)+)-((?:[^-]|--)+)(?:-[^-]+)?$/.exec(dmName) ?? [];
  if (group === undefined || name === undefined) return undefined;
  return { group: group.replaceAll('--', '-'), name: name.replaceAll('--', '-') };
}
