import { basename, dirname } from 'node:path';
import { RunError } from '../../shared/errors.ts';
import type { Layer } from '../../shared/manifest.ts';
import type { HostReader } from '../ports.ts';
import type { RaidArray } from './facts.ts';
import { logicalVolumeOf } from './logical-volume.ts';

/** A block device and everything it stands on. A device with nothing below it is a leaf. */
export interface BlockDevice {
  readonly layer: Layer;
  readonly below: readonly BlockDevice[];
  /** What the disk says of itself (NVMe, virtio, SCSI); trimmed, absent where it says nothing. */
  readonly serial: string | undefined;
  readonly model: string | undefined;
  /** For a loop device: the file behind it. */
  readonly backingFile: string | undefined;
  /** For an md array: whether all of its data is there. */
  readonly array: RaidArray | undefined;
}

/** Deeper than any real stack; a graph that goes on is a loop in what we were told. */
const MAX_DEPTH = 16;
const SECTOR = 512;

/** The device with this `major:minor`, or `undefined` where no block device has it (tmpfs, NFS, btrfs, overlay). */
export async function readBlockDevice(reader: HostReader, majorMinor: string): Promise<BlockDevice | undefined> {
  const sysPath = await reader.realPath(`/sys/dev/block/${majorMinor}`);
  return sysPath === undefined ? undefined : readDevice(reader, sysPath, 0);
}

/** The device behind a path like `/dev/mapper/vg-log`, or `undefined`. */
export async function readBlockDeviceAt(reader: HostReader, devicePath: string): Promise<BlockDevice | undefined> {
  const real = await reader.realPath(devicePath);
  if (!real?.startsWith('/dev/')) return undefined;
  const sysPath = await reader.realPath(`/sys/class/block/${sysName(real.slice('/dev/'.length))}`);
  return sysPath === undefined ? undefined : readDevice(reader, sysPath, 0);
}

// A device in a subfolder of /dev has an exclamation mark in sysfs where the slash would be: cciss!c0d0.
const sysName = (deviceName: string): string => deviceName.replaceAll('/', '!');
const deviceName = (sysPath: string): string => basename(sysPath).replaceAll('!', '/');

async function readDevice(reader: HostReader, sysPath: string, depth: number): Promise<BlockDevice> {
  const name = deviceName(sysPath);
  if (depth > MAX_DEPTH)
    throw new RunError('host-unfit', `the block device ${name} stands on itself, or on more than ${MAX_DEPTH} layers`);
  const sizeBytes = (await readNumber(reader, `${sysPath}/size`)) * SECTOR;

  const partition = await readOptionalNumber(reader, `${sysPath}/partition`);
  if (partition !== undefined) {
    const startBytes = (await readNumber(reader, `${sysPath}/start`)) * SECTOR;
    return {
      ...nothingMore,
      layer: { kind: 'partition', name, sizeBytes, partition: { number: partition, startBytes } },
      below: [await readDevice(reader, dirname(sysPath), depth + 1)],
    };
  }

  const slaves = await readSlaves(reader, sysPath, depth);
  const level = await readAttribute(reader, `${sysPath}/md/level`);
  if (level !== undefined) return readArray(reader, sysPath, { name, sizeBytes, level, slaves });

  const uuid = await readAttribute(reader, `${sysPath}/dm/uuid`);
  const dmName = await readAttribute(reader, `${sysPath}/dm/name`);
  if (dmName !== undefined) {
    const deviceMapper = { name: dmName, uuid: uuid ?? '' };
    const kind = deviceMapperKind(deviceMapper.uuid);
    const logicalVolume = kind === 'logical-volume' ? logicalVolumeOf(dmName) : undefined;
    return {
      ...nothingMore,
      layer: { kind, name, sizeBytes, deviceMapper, ...(logicalVolume && { logicalVolume }) },
      below: slaves,
    };
  }

  const backingFile = await readAttribute(reader, `${sysPath}/loop/backing_file`);
  return {
    layer: { kind: backingFile === undefined ? 'disk' : 'loop', name, sizeBytes },
    below: slaves,
    // virtio-blk keeps the serial beside the disk, everybody else in the device's folder.
    serial:
      (await readAttribute(reader, `${sysPath}/device/serial`)) ?? (await readAttribute(reader, `${sysPath}/serial`)),
    model: await readAttribute(reader, `${sysPath}/device/model`),
    backingFile,
    array: undefined,
  };
}

const nothingMore = { serial: undefined, model: undefined, backingFile: undefined, array: undefined };

function deviceMapperKind(uuid: string): Layer['kind'] {
  if (uuid.startsWith('LVM-')) return 'logical-volume';
  return uuid.startsWith('CRYPT-') ? 'crypt' : 'device-mapper';
}

async function readSlaves(reader: HostReader, sysPath: string, depth: number): Promise<readonly BlockDevice[]> {
  const devices: BlockDevice[] = [];
  for (const slave of [...((await reader.list(`${sysPath}/slaves`)) ?? [])].sort()) {
    const slavePath = await reader.realPath(`/sys/class/block/${slave}`);
    if (slavePath === undefined)
      throw new RunError(
        'host-unfit',
        `${deviceName(sysPath)} stands on ${slave}, which /sys/class/block does not know`,
      );
    devices.push(await readDevice(reader, slavePath, depth + 1));
  }
  return devices;
}

interface ArrayParts {
  readonly name: string;
  readonly sizeBytes: number;
  readonly level: string;
  readonly slaves: readonly BlockDevice[];
}

/** An md array: what it stands on are the members that hold its data, not the faulty ones and the spares. */
async function readArray(
  reader: HostReader,
  sysPath: string,
  { name, sizeBytes, level, slaves }: ArrayParts,
): Promise<BlockDevice> {
  const disks = await readNumber(reader, `${sysPath}/md/raid_disks`);
  const uuid = await arrayUuid(reader, name);
  const members: { device: BlockDevice; slot: number | undefined; state: readonly string[] }[] = [];
  for (const device of slaves) {
    const folder = `${sysPath}/md/dev-${sysName(device.layer.name)}`;
    const state = await readAttribute(reader, `${folder}/state`);
    if (state === undefined) throw new RunError('host-unfit', `${folder}/state cannot be read`);
    const slot = await readAttribute(reader, `${folder}/slot`);
    members.push({
      device,
      slot: slot !== undefined && /^\d{1,9}$/.test(slot) ? Number(slot) : undefined,
      state: state.split(','),
    });
  }
  const holdsData = members.filter(({ state }) => state.includes('in_sync') || state.includes('journal'));
  const inSync = new Set(members.filter(({ state }) => state.includes('in_sync')).map(({ slot }) => slot)).size;
  const arrayState = await readAttribute(reader, `${sysPath}/md/array_state`);
  const syncAction = (await readAttribute(reader, `${sysPath}/md/sync_action`)) ?? 'idle';
  const detail = [
    `${inSync} of ${disks} members in sync`,
    `state ${arrayState ?? 'unknown'}`,
    ...(syncAction === 'idle' ? [] : [`doing ${syncAction}`]),
    ...members
      .filter((member) => !holdsData.includes(member))
      .map(({ device, state }) => `${device.layer.name} is ${state.join(',')}`),
  ].join(', ');
  return {
    ...nothingMore,
    layer: { kind: 'raid', name, sizeBytes, raid: { level, disks, ...(uuid === undefined ? {} : { uuid }) } },
    below: holdsData.map(({ device, slot }) => withSlot(device, { level, disks, slot, uuid })),
    array: { name, level, state: arrayCondition({ level, disks, inSync, arrayState, syncAction }), detail },
  };
}

/** The member remembers which place of the array it takes: a restore needs it. */
function withSlot(
  device: BlockDevice,
  { level, disks, slot, uuid }: { level: string; disks: number; slot: number | undefined; uuid: string | undefined },
): BlockDevice {
  const raid = { level, disks, ...(slot === undefined ? {} : { slot }), ...(uuid === undefined ? {} : { uuid }) };
  return { ...device, layer: { ...device.layer, raid } };
}

const REDUNDANT = /^raid(1|4|5|6|10)$/;
/** `check` compares and writes nothing; `frozen` is somebody's order not to begin. */
const AT_REST = ['idle', 'check', 'frozen'];

function arrayCondition(seen: {
  level: string;
  disks: number;
  inSync: number;
  arrayState: string | undefined;
  syncAction: string;
}): RaidArray['state'] {
  const runs = seen.arrayState !== undefined && !['inactive', 'clear', 'broken', 'suspended'].includes(seen.arrayState);
  if (!runs || seen.inSync === 0) return 'incomplete';
  if (!AT_REST.includes(seen.syncAction)) return 'resyncing';
  if (seen.inSync >= seen.disks) return 'whole';
  return REDUNDANT.test(seen.level) ? 'degraded' : 'incomplete';
}

/** md's UUID as udev links it; sysfs does not tell it on the kernels in use. */
async function arrayUuid(reader: HostReader, name: string): Promise<string | undefined> {
  const prefix = 'md-uuid-';
  const link = await linkTo(reader, '/dev/disk/by-id', `/dev/${name}`, (entry) => entry.startsWith(prefix));
  return link?.slice(prefix.length);
}

/** The UUID of the file system on a device as udev links it; `undefined` where there is no udev. */
export const fileSystemUuid = (reader: HostReader, device: BlockDevice): Promise<string | undefined> =>
  linkTo(reader, '/dev/disk/by-uuid', `/dev/${device.layer.name}`, () => true);

async function linkTo(
  reader: HostReader,
  folder: string,
  target: string,
  wanted: (entry: string) => boolean,
): Promise<string | undefined> {
  for (const entry of [...((await reader.list(folder)) ?? [])].filter(wanted).sort()) {
    if ((await reader.realPath(`${folder}/${entry}`)) === target) return entry;
  }
  return undefined;
}

/** A one-line attribute without its white space; `undefined` where it is absent or empty. */
async function readAttribute(reader: HostReader, path: string): Promise<string | undefined> {
  const text = (await reader.readText(path))?.trim();
  return text === '' ? undefined : text;
}

async function readOptionalNumber(reader: HostReader, path: string): Promise<number | undefined> {
  const text = await readAttribute(reader, path);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new RunError('host-unfit', `${path} is not a number: ${JSON.stringify(text)}`);
  return Number(text);
}

async function readNumber(reader: HostReader, path: string): Promise<number> {
  const number = await readOptionalNumber(reader, path);
  if (number === undefined) throw new RunError('host-unfit', `${path} cannot be read`);
  return number;
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

/** The md arrays of a stack, each once. */
export function arraysOf(device: BlockDevice): readonly RaidArray[] {
  return [...(device.array === undefined ? [] : [device.array]), ...device.below.flatMap(arraysOf)];
}
