import { RunError } from '../../shared/errors.ts';
import type { Layer, Role } from '../../shared/manifest.ts';
import type { AttachedVolume, HostReader, InstanceFacts } from '../ports.ts';
import { arraysOf, type BlockDevice, type BlockGraph, blockGraph, devicesIn, leavesOf } from './block-graph.ts';
import type { Member, RaidArray, ServerFacts, StorageMap, UnresolvedLeaf, UsedMount } from './facts.ts';
import { findJournal } from './journal.ts';
import {
  isWithin,
  MOUNTINFO,
  type Mount,
  mountOf,
  mountsWithin,
  parseMountinfo,
  superOption,
  visibleMounts,
} from './mountinfo.ts';
import { rootFileSystems } from './root-file-system.ts';
import { encryptedDevices, storageMisfits } from './storage-beside.ts';
import { volumeIdentifier } from './volume-ids.ts';

/** What the server keeps on this host. */
export type OnDisk = Pick<ServerFacts, 'files' | 'temporaryFolders'>;

/** The join: every file of the server -> its mounts -> the devices below -> the volume EC2 knows. */
export async function mapStorage(reader: HostReader, server: OnDisk, instance: InstanceFacts): Promise<StorageMap> {
  const { mounts, whole, visible, used } = await confirmedMounts(reader, server);
  const blockNames = (await reader.list('/sys/class/block')) ?? [];
  const identify = volumeIdentifier(instance.volumes, blockNames);
  const graph = blockGraph(reader);
  const rootDevices = rootFileSystems(mounts);

  const usedMounts: UsedMount[] = [];
  const members = new Map<string, Member>();
  const unresolved: UnresolvedLeaf[] = [];
  const arrays = new Map<string, RaidArray>();
  const devices = new Set<BlockDevice>();

  for (const { mount, roles } of used) {
    const { mountPoint } = whole.get(mount.majorMinor) ?? mount;
    const found = await devicesUnder(reader, graph, mount, blockNames);
    const volumes: string[] = [];
    for (const missing of found.missing) unresolved.push({ ...missing, mountPoint });
    for (const device of found.devices) {
      devices.add(device);
      for (const array of arraysOf(device)) arrays.set(array.name, array);
      for (const leaf of leavesOf(device)) {
        const identity = identify(leaf.device);
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
      uuid: found.main === undefined ? undefined : await graph.fileSystemUuid(found.main),
      externalDevices: found.externalDevices,
      ...(found.journal && { journal: found.journal }),
      isRoot: rootDevices.has(mount.majorMinor),
      roles,
      volumes: unique(volumes),
    });
  }

  const all = [...new Set([...devices].flatMap(devicesIn))];
  return {
    mounts: usedMounts,
    members: [...members.values()],
    unresolved: unique(unresolved.map((leaf) => JSON.stringify(leaf))).map(
      (leaf) => JSON.parse(leaf) as UnresolvedLeaf,
    ),
    arrays: [...arrays.values()],
    misfits: storageMisfits(all, identify, new Set(members.keys())),
    encrypted: encryptedDevices(all),
    hostMounts: visible.map(({ mountPoint, majorMinor, fsType }) => ({ mountPoint, majorMinor, fsType })),
  };
}

/** The mount table, and which of it the server uses. */
interface Mounts {
  readonly mounts: readonly Mount[];
  /** Those that no other hides. */
  readonly visible: readonly Mount[];
  /** Of each superblock the first mount of all of it rather than of a folder in it; absent where it has none. */
  readonly whole: ReadonlyMap<string, Mount>;
  readonly used: readonly UsedSuperblock[];
}

interface UsedSuperblock {
  readonly mount: Mount;
  readonly roles: readonly Role[];
}

const MOUNT_TABLE_READS = 5;
/** How many paths are asked for at a time. */
const BATCH = 500;

/**
 * Reads the mount table until it agrees with stat: kernels before 5.8 may leave out a mount while others come and go
 * [src: "proc/mounts: add cursor"]. Throws RunError `files-unresolved` where that does not end.
 */
async function confirmedMounts(reader: HostReader, server: OnDisk): Promise<Mounts> {
  for (let read = 1; ; read++) {
    const mounts = await readMounts(reader);
    const visible = visibleMounts(mounts);
    const { used, places } = usedSuperblocks(server, mounts, visible);
    const whole = wholeFileSystems(visible);
    const frozenAt = used.map(({ mount }) => whole.get(mount.majorMinor) ?? mount);
    const contradiction = await findContradiction(reader, [
      ...places,
      ...frozenAt.map((mount) => [mount.mountPoint, mount] as const),
    ]);
    if (contradiction === undefined) return { mounts, whole, visible, used };
    if (read === MOUNT_TABLE_READS)
      throw new RunError('files-unresolved', contradiction, {
        hint: `Run again when the mounts of this host no longer change; compare \`findmnt\` with \`stat -c %d\` of that path.`,
      });
  }
}

/** A path of the server, and the mount that the table shows it on. */
type Place = readonly [path: string, mount: Mount];

async function findContradiction(reader: HostReader, places: readonly Place[]): Promise<string | undefined> {
  // Below an anonymous device number (btrfs, overlay, NFS) stat need not have the same; those are refused by their type.
  const asked = places.filter(([, { majorMinor }]) => !majorMinor.startsWith('0:'));
  for (let first = 0; first < asked.length; first += BATCH) {
    const batch = asked.slice(first, first + BATCH);
    const numbers = await Promise.all(batch.map(([path]) => reader.deviceNumber(path)));
    for (const [index, [path, mount]] of batch.entries()) {
      const number = numbers[index];
      // What is gone by now, or was never asked of an old capture, contradicts nothing.
      if (number !== undefined && number !== mount.majorMinor)
        return `${path} is on the device ${number}, but ${MOUNTINFO} shows it on ${mount.mountPoint} (${mount.majorMinor})`;
    }
  }
  return undefined;
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
): { readonly used: readonly UsedSuperblock[]; readonly places: readonly Place[] } {
  const keptWithin = mountsWithin(keptMounts({ files, temporaryFolders }, visible));
  const used = new Map<string, { mount: Mount; roles: Role[] }>();
  const places = new Map<string, Mount>();
  for (const { path, role } of files) {
    const own = mountOf(readable(path), mounts);
    if (own === undefined) throw new RunError('files-unresolved', `no mount of this host holds ${path}`);
    places.set(path, own);
    for (const mount of [own, ...keptWithin(path)]) {
      places.set(readable(mount.mountPoint), mount);
      const entry = used.get(mount.majorMinor) ?? { mount, roles: [] };
      if (!entry.roles.includes(role)) entry.roles.push(role);
      used.set(mount.majorMinor, entry);
    }
  }
  return { used: [...used.values()], places: [...places] };
}

/** A folder that holds anything to be kept is not temporary, whatever else the server puts there. */
export const onlyTemporary = ({ files, temporaryFolders }: OnDisk): readonly string[] =>
  temporaryFolders.filter((folder) => !files.some(({ path }) => isWithin(path, folder)));

/** The mounts that are not in a temporary folder of the server. */
export function keptMounts(server: OnDisk, visible: readonly Mount[]): readonly Mount[] {
  const temporary = onlyTemporary(server);
  return visible.filter(({ mountPoint }) => !temporary.some((folder) => isWithin(mountPoint, folder)));
}

/** What is not UTF-8 arrives with U+FFFD in it: two paths may then look alike, and neither can be opened. */
function readable(path: string): string {
  if (!path.includes('\ufffd')) return path;
  throw new RunError('files-unresolved', `the path ${path} is not UTF-8, so it cannot be told from others`, {
    hint: 'Rename what is on the way to it.',
  });
}

function wholeFileSystems(visible: readonly Mount[]): ReadonlyMap<string, Mount> {
  const whole = new Map<string, Mount>();
  for (const mount of visible) {
    if (mount.root === '/' && !whole.has(mount.majorMinor)) whole.set(mount.majorMinor, mount);
  }
  return whole;
}

interface Found {
  /** The device that the file system is on. */
  readonly main: BlockDevice | undefined;
  readonly devices: readonly BlockDevice[];
  readonly externalDevices: UsedMount['externalDevices'];
  readonly journal: UsedMount['journal'];
  readonly missing: readonly Omit<UnresolvedLeaf, 'mountPoint'>[];
}

/** The device that is mounted, and the further ones that an XFS keeps its log or its real-time files on, and an ext4 its journal. */
async function devicesUnder(
  reader: HostReader,
  graph: BlockGraph,
  mount: Mount,
  blockNames: readonly string[],
): Promise<Found> {
  const main = await graph.withNumber(mount.majorMinor);
  if (main === undefined) {
    const detail = `the kernel shows no single device below this ${mount.fsType} (${mount.majorMinor})`;
    const missing = [{ leaf: mount.source, detail, reason: 'no-block-device' as const }];
    return { main, devices: [], externalDevices: {}, journal: undefined, missing };
  }
  if (mount.fsType === 'xfs') return { main, ...(await devicesOfXfs(graph, mount, main)) };
  if (/^ext[34]$/.test(mount.fsType)) return { main, ...(await devicesOfExt(reader, graph, main, blockNames)) };
  return { main, devices: [main], externalDevices: {}, journal: undefined, missing: [] };
}

async function devicesOfXfs(graph: BlockGraph, mount: Mount, main: BlockDevice): Promise<Omit<Found, 'main'>> {
  const missing: Omit<UnresolvedLeaf, 'mountPoint'>[] = [];
  const devices = [main];
  const externalDevices: { logdev?: string; rtdev?: string } = {};
  for (const option of ['logdev', 'rtdev'] as const) {
    const path = superOption(mount, option);
    if (path === undefined) continue;
    externalDevices[option] = path;
    const device = await graph.at(path);
    if (device !== undefined) devices.push(device);
    else missing.push({ leaf: path, detail: `the ${option} of the XFS on ${mount.source}`, reason: 'no-block-device' });
  }
  return { devices, externalDevices, journal: undefined, missing };
}

async function devicesOfExt(
  reader: HostReader,
  graph: BlockGraph,
  main: BlockDevice,
  blockNames: readonly string[],
): Promise<Omit<Found, 'main'>> {
  const journal = await findJournal(reader, main, blockNames);
  const found = { devices: [main], externalDevices: {}, missing: [] };
  if (journal === undefined) return { ...found, journal: undefined };
  if (journal.kind === 'internal' || journal.kind === 'none') return { ...found, journal: journal.kind };
  const device = journal.kind === 'external' ? await graph.named(journal.device) : undefined;
  if (device !== undefined) {
    const externalDevices = { journal: `/dev/${device.layer.name}` };
    return { ...found, devices: [main, device], externalDevices, journal: 'external' };
  }
  const detail = journal.kind === 'external' ? `it is on ${journal.device}, which /sys does not know` : journal.detail;
  return { ...found, journal: undefined, missing: [{ leaf: main.layer.name, detail, reason: 'journal-unknown' }] };
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
