import { createHash } from 'node:crypto';
import type { InstanceId, VolumeId } from '../../shared/ids.ts';
import { groupBy } from '../collections.ts';
import { newestFirst, type SnapshotSet, volumesOf } from './snapshot-set.ts';

/** One database server: an instance, MySQL's `server_uuid` (of MariaDB its volumes) and the real path of the data directory. */
export interface Server {
  readonly instance: InstanceId;
  /** 12 hex digits, by which a command line names it. */
  readonly key: string;
  /** `undefined` of MariaDB, and where no set tells. */
  readonly uuid: string | undefined;
  /** The path, or its hash; `undefined` where only sets of older versions are left, which do not tell. */
  readonly datadir: string | undefined;
  /** Newest first, one at least. */
  readonly sets: readonly [SnapshotSet, ...SnapshotSet[]];
}

/**
 * The servers that these sets are of, instance by instance, of each the one with the newest set first; of an instance all
 * sets have to be given. Where it is in doubt whether two sets are of one server, they are of two.
 */
export function groupByServer(sets: readonly SnapshotSet[]): readonly Server[] {
  return [...groupBy(sets, ({ instance }) => instance)].flatMap(([instance, ofInstance]) =>
    [...groupByIdentity(ofInstance)]
      .map(([identity, group]) => toServer(instance, identity, group))
      .sort((a, b) => newestFirst(a.sets[0], b.sets[0])),
  );
}

/** Sets that tell the data directory, by that; each group of older ones joins the one that is proven to be its own. */
function groupByIdentity(sets: readonly SnapshotSet[]): ReadonlyMap<string, SnapshotSet[]> {
  const groups = new Map(
    [...groupBy(sets.filter(tellsDatadir), identityOf)].flatMap(([identity, group]) => byVolumes(identity, group)),
  );
  const older = groupBy(sets.filter((set) => !tellsDatadir(set)).sort(surestFirst), identityOf);
  for (const [identity, group] of older) {
    const home = homeOf(group, [...groups.values()]);
    if (home === undefined) groups.set(identity, group);
    else home.push(...group);
  }
  return groups;
}

/**
 * Of MariaDB, sets that share no volume, directly or over others, are of two servers: the same path may be another file
 * system now, or be in another container. Each goes by its first volume.
 */
function byVolumes(identity: string, group: SnapshotSet[]): readonly (readonly [string, SnapshotSet[]])[] {
  if (group[0]?.server.uuid !== undefined) return [[identity, group]];
  let parts: { readonly volumes: Set<VolumeId>; readonly sets: SnapshotSet[] }[] = [];
  for (const set of group) {
    const joining = parts.filter(({ volumes }) => volumesOf(set).some((volume) => volumes.has(volume)));
    const [part = { volumes: new Set(), sets: [] }, ...others] = joining;
    for (const volume of [...volumesOf(set), ...others.flatMap(({ volumes }) => [...volumes])])
      part.volumes.add(volume);
    part.sets.push(set, ...others.flatMap(({ sets }) => sets));
    parts = [...parts.filter((each) => !joining.includes(each)), part];
  }
  return parts.map(({ volumes, sets }) => [joined(identity, [...volumes].sort()[0]), sets]);
}

const tellsDatadir = ({ server }: SnapshotSet): boolean => server.datadir !== undefined;
const isWhole = ({ members, planned }: SnapshotSet): boolean => members.length >= planned;
/** Those with a uuid, then whole ones: what comes later may belong to what came before. */
const surestFirst = (a: SnapshotSet, b: SnapshotSet): number => doubt(a) - doubt(b);
const doubt = (set: SnapshotSet): number => (set.server.uuid !== undefined ? 0 : isWhole(set) ? 1 : 2);

/** Sets of older versions have no more to go by than the uuid and, of MariaDB, the volumes. */
function identityOf(set: SnapshotSet): string {
  const { datadir, uuid, uid } = set.server;
  if (datadir !== undefined) return joined('datadir', uuid, datadir);
  if (uuid !== undefined) return joined('uuid', uuid);
  return joined('volumes', uid, String(set.planned), ...volumesOf(set));
}

/** Unmistakable: no tag holds a NUL. */
const joined = (...parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? '').join('\0');

/**
 * The one group that sets of an older version are proven to belong to: of MySQL by the uuid; of MariaDB by having the same
 * volumes, where no other server has any of them. What is left of a set that was deleted in part goes with whole ones.
 */
function homeOf(older: readonly SnapshotSet[], groups: readonly SnapshotSet[][]): SnapshotSet[] | undefined {
  const [set] = older;
  if (set === undefined) return undefined;
  const { uuid, uid } = set.server;
  const those = (isLike: (other: SnapshotSet) => boolean) => groups.filter((group) => group.some(isLike));
  if (uuid !== undefined) return only(those(({ server }) => server.uuid === uuid));

  const isLike = (other: SnapshotSet) => other.server.uuid === undefined && other.server.uid === uid;
  if (!isWhole(set)) return only(those((other) => isLike(other) && isWhole(other) && hasAllVolumesOf(other, set)));
  const isKnown = ({ server }: SnapshotSet) => server.datadir !== undefined || server.uuid !== undefined;
  const home = only(those((other) => isKnown(other) && sharesVolume(set, other)));
  const isSame = (other: SnapshotSet) => isLike(other) && hasAllVolumesOf(other, set) && hasAllVolumesOf(set, other);
  return home?.some(isSame) ? home : undefined;
}

const only = <T>(candidates: readonly T[]): T | undefined => (candidates.length === 1 ? candidates[0] : undefined);

/** Whether a set has every volume that another has. */
export function hasAllVolumesOf(set: SnapshotSet, other: SnapshotSet): boolean {
  const volumes = new Set(volumesOf(set));
  return volumesOf(other).every((volume) => volumes.has(volume));
}

/** Whether a volume is in both. */
export function sharesVolume(a: SnapshotSet, b: SnapshotSet): boolean {
  const volumes = new Set(volumesOf(a));
  return volumesOf(b).some((volume) => volumes.has(volume));
}

function toServer(instance: InstanceId, identity: string, group: readonly SnapshotSet[]): Server {
  const [newest, ...others] = [...group].sort(newestFirst);
  if (newest === undefined) throw new Error('a server without sets');
  const { uuid, datadir } = (group.find(tellsDatadir) ?? newest).server;
  const key = createHash('sha256').update(`${instance}\n${identity}`).digest('hex').slice(0, 12);
  return { instance, key, uuid, datadir, sets: [newest, ...others] };
}

/** The hosts that have several of these servers. */
export function hostsOfSeveral(servers: readonly Pick<Server, 'instance'>[]): ReadonlySet<InstanceId> {
  const byHost = groupBy(servers, ({ instance }) => instance);
  return new Set([...byHost].filter(([, ofHost]) => ofHost.length > 1).map(([host]) => host));
}

/** The key of each set's server; of an instance all sets have to be given. */
export const serverKeys = (sets: readonly SnapshotSet[]): ReadonlyMap<SnapshotSet, string> =>
  new Map(groupByServer(sets).flatMap(({ key, sets }) => sets.map((set) => [set, key] as const)));
