import { dirname } from 'node:path';
import { RunError } from '../../shared/errors.ts';
import type { Layer } from '../../shared/manifest.ts';
import type { HostReader } from '../ports.ts';
import { deadLegs, legNumber, parseDmStatus, raidOf, type Target } from './dm-status.ts';
import type { RaidArray } from './facts.ts';
import { linksInto } from './links-into.ts';
import { logicalVolumeOf } from './logical-volume.ts';
import { readArray } from './md-array.ts';
import { deviceName, readAttribute, readNumber, readOptionalNumber, sysName, sysPathOf } from './sysfs.ts';

/** A block device and everything it stands on. A device with nothing below it is a leaf. */
export interface BlockDevice {
  readonly layer: Layer;
  readonly below: readonly BlockDevice[];
  /** What the disk says of itself (NVMe, virtio, SCSI); trimmed, absent where it says nothing. */
  readonly serial: string | undefined;
  readonly model: string | undefined;
  /** For a loop device: the file behind it. */
  readonly backingFile: string | undefined;
  /** For an md array or a RAID of LVM: whether all of its data is there. */
  readonly array: RaidArray | undefined;
  /** For a device-mapper device: its targets by name; absent where they cannot be learned. */
  readonly targets?: readonly string[];
  /** For the origin of LVM snapshots: those, and `unnamed` where there are some that a capture of an older version does not name. */
  readonly snapshots?: readonly Snapshot[] | 'unnamed';
}

/** A snapshot of a logical volume, and the devices that hold what it keeps (its copy-on-write store). */
export interface Snapshot {
  readonly name: string;
  readonly stores: readonly BlockDevice[];
}

/** Deeper than any real stack; a graph that goes on is a loop in what we were told. */
const MAX_DEPTH = 16;
const SECTOR = 512;
const MD_UUID = 'md-uuid-';

/** The block devices of a host as they are at one look; a second look needs a second one. */
export interface BlockGraph {
  /** The device with this `major:minor`, or `undefined` where no block device has it (tmpfs, NFS, btrfs, overlay). */
  withNumber(majorMinor: string): Promise<BlockDevice | undefined>;
  /** The device behind a path like `/dev/mapper/vg-log`, or `undefined`. */
  at(devicePath: string): Promise<BlockDevice | undefined>;
  /** The device with this name of the kernel's, or `undefined`. */
  named(name: string): Promise<BlockDevice | undefined>;
  /** The UUID of the file system on a device as udev links it; `undefined` where there is no udev. */
  fileSystemUuid(device: BlockDevice): Promise<string | undefined>;
}

/** Every device is read once, however many stand on it. Throws RunError `host-unfit` where sysfs is not understood. */
export function blockGraph(reader: HostReader): BlockGraph {
  const look = new Look(reader);
  const named: BlockGraph['named'] = async (name) =>
    look.device(await reader.realPath(`/sys/class/block/${sysName(name)}`));
  return {
    named,
    withNumber: async (majorMinor) => look.device(await reader.realPath(`/sys/dev/block/${majorMinor}`)),
    at: async (devicePath) => {
      const real = await reader.realPath(devicePath);
      return real?.startsWith('/dev/') ? named(real.slice('/dev/'.length)) : undefined;
    },
    fileSystemUuid: (device) => look.fileSystems(`/dev/${device.layer.name}`),
  };
}

export const readBlockDevice = (reader: HostReader, majorMinor: string): Promise<BlockDevice | undefined> =>
  blockGraph(reader).withNumber(majorMinor);

/** What has been read of the host so far. */
class Look {
  readonly reader: HostReader;
  readonly fileSystems: (target: string) => Promise<string | undefined>;
  readonly arrays: (target: string) => Promise<string | undefined>;
  private readonly devices = new Map<string, BlockDevice>();
  private targets: Promise<{ readonly of?: ReadonlyMap<string, readonly Target[]> }> | undefined;

  constructor(reader: HostReader) {
    this.reader = reader;
    this.fileSystems = linksInto(reader, '/dev/disk/by-uuid', () => true);
    this.arrays = linksInto(reader, '/dev/disk/by-id', (entry) => entry.startsWith(MD_UUID));
  }

  async device(sysPath: string | undefined, above: readonly string[] = []): Promise<BlockDevice | undefined> {
    if (sysPath === undefined) return undefined;
    if (above.length > MAX_DEPTH || above.includes(sysPath))
      throw new RunError(
        'host-unfit',
        `the block device ${deviceName(sysPath)} stands on itself, or on more than ${MAX_DEPTH} layers`,
      );
    const known = this.devices.get(sysPath);
    if (known !== undefined) return known;
    const device = await readDevice(this, sysPath, [...above, sysPath]);
    this.devices.set(sysPath, device);
    return device;
  }

  /** What device-mapper says of each of its devices, by name; `undefined` where nobody asked it. */
  async dmTargets(): Promise<ReadonlyMap<string, readonly Target[]> | undefined> {
    this.targets ??= this.reader
      .dmStatus()
      .then((text) => ({ ...(text !== undefined && { of: parseDmStatus(text) }) }));
    return (await this.targets).of;
  }
}

async function readDevice(look: Look, sysPath: string, above: readonly string[]): Promise<BlockDevice> {
  const { reader } = look;
  const name = deviceName(sysPath);
  const sizeBytes = (await readNumber(reader, `${sysPath}/size`)) * SECTOR;

  const partition = await readOptionalNumber(reader, `${sysPath}/partition`);
  if (partition !== undefined) {
    const startBytes = (await readNumber(reader, `${sysPath}/start`)) * SECTOR;
    const disk = await look.device(dirname(sysPath), above);
    return {
      ...nothingMore,
      layer: { kind: 'partition', name, sizeBytes, partition: { number: partition, startBytes } },
      below: disk === undefined ? [] : [disk],
    };
  }

  const level = await readAttribute(reader, `${sysPath}/md/level`);
  if (level !== undefined) {
    const slaves = await readSlaves(look, sysPath, above);
    // As udev links it: sysfs does not tell it on the kernels in use.
    const uuid = (await look.arrays(`/dev/${name}`))?.slice(MD_UUID.length);
    const { raid, ...array } = await readArray(reader, sysPath, { name, level, uuid, slaves });
    return { ...nothingMore, layer: { kind: 'raid', name, sizeBytes, raid }, ...array };
  }

  const uuid = await readAttribute(reader, `${sysPath}/dm/uuid`);
  const dmName = await readAttribute(reader, `${sysPath}/dm/name`);
  if (dmName !== undefined) return readMapped(look, sysPath, { name, sizeBytes, dmName, uuid: uuid ?? '', above });

  const backingFile = await readAttribute(reader, `${sysPath}/loop/backing_file`);
  return {
    layer: { kind: backingFile === undefined ? 'disk' : 'loop', name, sizeBytes },
    below: await readSlaves(look, sysPath, above),
    // virtio-blk keeps the serial beside the disk, everybody else in the device's folder.
    serial:
      (await readAttribute(reader, `${sysPath}/device/serial`)) ?? (await readAttribute(reader, `${sysPath}/serial`)),
    model: await readAttribute(reader, `${sysPath}/device/model`),
    backingFile,
    array: undefined,
  };
}

const nothingMore = { serial: undefined, model: undefined, backingFile: undefined, array: undefined };

interface MappedParts {
  readonly name: string;
  readonly sizeBytes: number;
  readonly dmName: string;
  readonly uuid: string;
  readonly above: readonly string[];
}

/** A device-mapper device: a logical volume or one of its parts, an encrypted device, or something else. */
async function readMapped(
  look: Look,
  sysPath: string,
  { name, sizeBytes, dmName, uuid, above }: MappedParts,
): Promise<BlockDevice> {
  const kind = deviceMapperKind(uuid);
  const logicalVolume = kind === 'logical-volume' ? logicalVolumeOf(dmName) : undefined;
  const asked = await look.dmTargets();
  const targets = asked && (asked.get(dmName) ?? []);
  const raid = targets?.find(({ type }) => type === 'raid' || type === 'mirror');
  const dead = raid === undefined ? [] : deadLegs(raid);
  const below = await readSlaves(look, sysPath, above, async (slavePath) => {
    if (dead.length === 0) return true;
    const leg = legNumber((await readAttribute(look.reader, `${slavePath}/dm/name`)) ?? '');
    return leg === undefined || !dead.includes(leg);
  });
  // Its legs show that it is a RAID also where dmsetup says nothing of it.
  const isSilent = targets?.length === 0 && below.some(isLeg);
  return {
    ...nothingMore,
    layer: { kind, name, sizeBytes, deviceMapper: { name: dmName, uuid }, ...(logicalVolume && { logicalVolume }) },
    below,
    array: raid !== undefined || isSilent ? raidOf(raid, logicalVolumeName(dmName)) : undefined,
    ...(targets && { targets: [...new Set(targets.map(({ type }) => type))] }),
    ...(uuid.endsWith(ORIGIN) && { snapshots: await readSnapshots(look, sysPath, uuid, above) }),
  };
}

const isLeg = ({ layer: { deviceMapper } }: BlockDevice): boolean => legNumber(deviceMapper?.name ?? '') !== undefined;

/** LVM's own suffixes: of the device with an origin's data, and of that with a snapshot's store. */
const ORIGIN = '-real';
const STORE = '-cow';

const logicalVolumeName = (dmName: string): string => {
  const { group, name } = logicalVolumeOf(dmName) ?? {};
  return name === undefined ? dmName : `${group}/${name}`;
};

/**
 * The snapshots whose origin this is: LVM activates it only together with all of their stores (seen in a guest: "Refusing
 * activation of partial LV").
 */
async function readSnapshots(
  look: Look,
  sysPath: string,
  uuid: string,
  above: readonly string[],
): Promise<readonly Snapshot[] | 'unnamed'> {
  const { reader } = look;
  const holders = await reader.holders(sysPath);
  if (holders === undefined) return 'unnamed';
  const snapshots: Snapshot[] = [];
  for (const holder of [...holders].sort()) {
    const path = await sysPathOf(reader, holder, deviceName(sysPath));
    if ((await readAttribute(reader, `${path}/dm/uuid`)) === uuid.slice(0, -ORIGIN.length)) continue;
    const stores = await readSlaves(look, path, above, async (slavePath) =>
      ((await readAttribute(reader, `${slavePath}/dm/uuid`)) ?? '').endsWith(STORE),
    );
    const dmName = (await readAttribute(reader, `${path}/dm/name`)) ?? holder;
    if (stores.length > 0) snapshots.push({ name: logicalVolumeName(dmName), stores });
  }
  return snapshots;
}

function deviceMapperKind(uuid: string): Layer['kind'] {
  if (uuid.startsWith('LVM-')) return 'logical-volume';
  return uuid.startsWith('CRYPT-') ? 'crypt' : 'device-mapper';
}

/** The devices that a device stands on; `isWanted` is asked for their paths in sysfs. */
async function readSlaves(
  look: Look,
  sysPath: string,
  above: readonly string[],
  isWanted: (slavePath: string) => Promise<boolean> = async () => true,
): Promise<readonly BlockDevice[]> {
  const devices: BlockDevice[] = [];
  for (const slave of [...((await look.reader.list(`${sysPath}/slaves`)) ?? [])].sort()) {
    const slavePath = await sysPathOf(look.reader, slave, deviceName(sysPath));
    const device = (await isWanted(slavePath)) ? await look.device(slavePath, above) : undefined;
    if (device !== undefined) devices.push(device);
  }
  return devices;
}

export interface Leaf {
  readonly device: BlockDevice;
  /** Everything that stands on the leaf, the leaf first, the file system's own device last. */
  readonly layers: readonly Layer[];
}

/** Every way down from a device to a leaf. */
export function leavesOf(device: BlockDevice): readonly Leaf[] {
  if (device.below.length === 0) return [{ device, layers: [device.layer] }];
  return device.below.flatMap(leavesOf).map((leaf) => ({ ...leaf, layers: [...leaf.layers, device.layer] }));
}

/** A device and all that it stands on, each once. */
export function devicesIn(device: BlockDevice): readonly BlockDevice[] {
  const found = new Set<BlockDevice>();
  const add = (each: BlockDevice): void => {
    if (found.has(each)) return;
    found.add(each);
    each.below.forEach(add);
  };
  add(device);
  return [...found];
}

/** The arrays of a stack, each once. */
export const arraysOf = (device: BlockDevice): readonly RaidArray[] =>
  devicesIn(device).flatMap(({ array }) => (array === undefined ? [] : [array]));
