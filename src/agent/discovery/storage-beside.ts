import { type BlockDevice, leavesOf } from './block-graph.ts';
import type { EncryptedDevice, StorageMisfit } from './facts.ts';
import { logicalVolumeOf } from './logical-volume.ts';
import type { Identity } from './volume-ids.ts';

/**
 * What the walk down from the file systems does not show, or shows and does not understand. `devices`: all that the server
 * stands on; `identify`: which volume a leaf is; `members`: the volumes of the set.
 */
export const storageMisfits = (
  devices: readonly BlockDevice[],
  identify: (leaf: BlockDevice) => Identity,
  members: ReadonlySet<string>,
): readonly StorageMisfit[] =>
  devices.flatMap((device) => [...snapshotsBeside(device, identify, members), ...unknownTargets(device)]);

/** The snapshots of a logical volume that keep it from being activated where their stores are not there. */
function snapshotsBeside(
  { layer, snapshots }: BlockDevice,
  identify: (leaf: BlockDevice) => Identity,
  members: ReadonlySet<string>,
): readonly StorageMisfit[] {
  if (snapshots === undefined) return [];
  const { group, name } = layer.logicalVolume ?? logicalVolumeOf(layer.deviceMapper?.name ?? '') ?? {};
  const origin = name === undefined ? layer.name : `${group}/${name}`;
  if (snapshots === 'unnamed') return [{ kind: 'snapshot', origin, snapshot: 'unnamed' }];
  const isMember = ({ device }: { device: BlockDevice }): boolean => {
    const identity = identify(device);
    return 'volume' in identity && members.has(identity.volume.volumeId);
  };
  return snapshots
    .filter(({ stores }) => !stores.flatMap(leavesOf).every(isMember))
    .map(({ name: snapshot }) => ({ kind: 'snapshot', origin, snapshot }));
}

/** Targets of LVM of which every device that holds data is below, in sysfs as well [doc: lvm.conf, device-mapper]. */
const KNOWN: readonly string[] = [
  ...['linear', 'striped', 'raid', 'mirror', 'thin', 'thin-pool', 'crypt'],
  ...['snapshot', 'snapshot-origin', 'snapshot-merge', 'cache', 'writecache', 'integrity'],
];

/** Without its targets a device is known by what made it: LVM, cryptsetup. */
function unknownTargets({ layer: { kind, name, deviceMapper }, targets = [] }: BlockDevice): readonly StorageMisfit[] {
  if (deviceMapper === undefined) return [];
  const unknown = targets.filter((target) => !KNOWN.includes(target));
  const what =
    unknown.length > 0
      ? `the target ${unknown.join(', ')}`
      : kind === 'device-mapper' && `the uuid '${deviceMapper.uuid}'`;
  return what === false ? [] : [{ kind: 'device-mapper', name, dmName: deviceMapper.name, what }];
}

/** A header takes at least 1 MiB of the device [doc: cryptsetup, "--header"]: where the data takes all of it, the header lies elsewhere. */
export const encryptedDevices = (devices: readonly BlockDevice[]): readonly EncryptedDevice[] =>
  devices
    .filter(({ layer }) => layer.kind === 'crypt')
    .map(({ layer, below }) => ({
      name: layer.deviceMapper?.name ?? layer.name,
      isHeaderDetached: below.some((device) => device.layer.sizeBytes === layer.sizeBytes),
    }));
