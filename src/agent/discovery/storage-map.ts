import { RunError } from '../../shared/errors.ts';
import type { Layer, Role } from '../../shared/manifest.ts';
import type { AttachedVolume, HostReader, InstanceFacts } from '../ports.ts';
import {
  arraysOf,
  type BlockDevice,
  fileSystemUuid,
  leavesOf,
  readBlockDevice,
  readBlockDeviceAt,
} from './block-graph.ts';
import type { Member, RaidArray, ServerFacts, StorageMap, UnresolvedLeaf, UsedMount } from './facts.ts';
import { isWithin, MOUNTINFO, type Mount, mountOf, parseMountinfo, superOption, visibleMounts } from './mountinfo.ts';
import { identifyVolume } from './volume-ids.ts';

/** What the server keeps on this host. */
type OnDisk = Pick<ServerFacts, 'files' | 'temporaryFolders'>;

/** The join: every file of the server -> its mounts -> the devices below -> the volume EC2 knows. */
export async function mapStorage(reader: HostReader, server: OnDisk, instance: InstanceFacts): Promise<StorageMap> {
  const mounts = await readMounts(reader);
  const blockNames = (await reader.list('/sys/class/block')) ?? [];
  const visible = visibleMounts(mounts);
  const rootDevice = mountOf('/', mounts)?.majorMinor;

  const usedMounts: UsedMount[] = [];
  const members = new Map<string, Member>();
  const unresolved: UnresolvedLeaf[] = [];
  const arrays = new Map<string, RaidArray>();

  for (const { mount, roles } of usedSuperblocks(server, mounts, visible)) {
    const mountPoint = bestMountPoint(mount, visible);
    const found = await devicesUnder(reader, mount);
    const volumes: string[] = [];
    for (const missing of found.missing) unresolved.push({ ...missing, mountPoint, reason: 'no-block-device' });
    for (const device of found.devices) {
      for (const array of arraysOf(device)) arrays.set(array.name, array);
      for (const leaf of leavesOf(device)) {
        const identity = identifyVolume(leaf.device, instance.volumes, blockNames);
        if ('reason' in identity) {
          unresolved.push({ leaf: leaf.device.layer.name, mountPoint, ...identity });
          continue;
        }
        const { volume } = identity;
        volumes.push(volume.volumeId);
        members.set(
          volume.volumeId,
          joinMember(members.get(volume.volumeId), { volume, roles, layers: leaf.layers, instance }),
        );
      }
    }
    usedMounts.push({
      mountPoint,
      majorMinor: mount.majorMinor,
      fsType: mount.fsType,
      source: mount.source,
      uuid: found.main === undefined ? undefined : await fileSystemUuid(reader, found.main),
      externalDevices: found.externalDevices,
      isRoot: mount.majorMinor === rootDevice,
      roles,
      volumes: unique(volumes),
    });
  }

  return {
    mounts: usedMounts,
    members: [...members.values()],
    unresolved: unique(unresolved.map((leaf) => JSON.stringify(leaf))).map(
      (leaf) => JSON.parse(leaf) as UnresolvedLeaf,
    ),
    arrays: [...arrays.values()],
    hostMounts: visible.map(({ mountPoint, majorMinor, fsType }) => ({ mountPoint, majorMinor, fsType })),
  };
}

async function readMounts(reader: HostReader): Promise<readonly Mount[]> {
  const text = await reader.readText(MOUNTINFO);
  if (text === undefined) throw new RunError('host-unfit', `${MOUNTINFO} is not there`);
  return parseMountinfo(text);
}

/**
 * One entry a superblock, in the order in which the server's files lead to it. What is mounted below a folder of the
 * server holds some of it too: a set without that would be a set without those tables.
 */
function usedSuperblocks(
  { files, temporaryFolders }: OnDisk,
  mounts: readonly Mount[],
  visible: readonly Mount[],
): readonly { mount: Mount; roles: readonly Role[] }[] {
  // A folder that holds anything to be kept is not temporary, whatever else the server puts there.
  const temporary = temporaryFolders.filter((folder) => !files.some(({ path }) => isWithin(path, folder)));
  const kept = visible.filter(({ mountPoint }) => !temporary.some((folder) => isWithin(mountPoint, folder)));
  const used = new Map<string, { mount: Mount; roles: Role[] }>();
  for (const { path, role } of files) {
    const own = mountOf(readable(path), mounts);
    if (own === undefined) throw new RunError('files-unresolved', `no mount of this host holds ${path}`);
    for (const mount of [own, ...kept.filter(({ mountPoint }) => isWithin(mountPoint, path))]) {
      readable(mount.mountPoint);
      const entry = used.get(mount.majorMinor) ?? { mount, roles: [] };
      if (!entry.roles.includes(role)) entry.roles.push(role);
      used.set(mount.majorMinor, entry);
    }
  }
  return [...used.values()];
}

/** What is not UTF-8 arrives with U+FFFD in it: two paths may then look alike, and neither can be opened. */
function readable(path: string): string {
  if (!path.includes('\ufffd')) return path;
  throw new RunError('files-unresolved', `the path ${path} is not UTF-8, so it cannot be told from others`, {
    hint: 'Rename what is on the way to it.',
  });
}

/** The superblock's own mount point rather than a bind mount of a folder in it, where it has one. */
function bestMountPoint(mount: Mount, visible: readonly Mount[]): string {
  const whole = visible.find(({ majorMinor, root }) => majorMinor === mount.majorMinor && root === '/');
  return (whole ?? mount).mountPoint;
}

interface Found {
  /** The device that the file system is on. */
  readonly main: BlockDevice | undefined;
  readonly devices: readonly BlockDevice[];
  readonly externalDevices: UsedMount['externalDevices'];
  readonly missing: readonly { leaf: string; detail: string }[];
}

/** The device that is mounted, and the further ones that an XFS keeps its log or its real-time files on. */
async function devicesUnder(reader: HostReader, mount: Mount): Promise<Found> {
  const missing: { leaf: string; detail: string }[] = [];
  const main = await readBlockDevice(reader, mount.majorMinor);
  if (main === undefined) {
    missing.push({
      leaf: mount.source,
      detail: `the kernel shows no single device below this ${mount.fsType} (${mount.majorMinor})`,
    });
  }
  const devices = main === undefined ? [] : [main];
  const externalDevices: { logdev?: string; rtdev?: string } = {};
  for (const option of mount.fsType === 'xfs' ? (['logdev', 'rtdev'] as const) : []) {
    const path = superOption(mount, option);
    if (path === undefined) continue;
    externalDevices[option] = path;
    const device = await readBlockDeviceAt(reader, path);
    if (device === undefined) missing.push({ leaf: path, detail: `the ${option} of the XFS on ${mount.source}` });
    else devices.push(device);
  }
  return { main, devices, externalDevices, missing };
}

function joinMember(
  known: Member | undefined,
  found: { volume: AttachedVolume; roles: readonly Role[]; layers: readonly Layer[]; instance: InstanceFacts },
): Member {
  return {
    volume: found.volume,
    roles: unique([...(known?.roles ?? []), ...found.roles]),
    layers: joinLayers(known?.layers ?? [], found.layers),
    isBootVolume: found.volume.device === found.instance.rootDevice,
  };
}

/** Two ways up from one volume as one list, each layer once and above all it stands on. */
function joinLayers(known: readonly Layer[], found: readonly Layer[]): readonly Layer[] {
  const joined = [...known];
  let above = joined.length;
  for (const layer of found.toReversed()) {
    const index = joined.findIndex(({ name }) => name === layer.name);
    if (index >= 0) above = index;
    else joined.splice(above, 0, layer);
  }
  return joined;
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
