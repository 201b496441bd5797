import { createHash } from 'node:crypto';
import type { InstanceId } from '../../shared/ids.ts';
import { groupBy } from '../collections.ts';
import { newestFirst, type SnapshotSet, volumesOf } from './snapshot-set.ts';

/** One database server: an instance, MySQL's `server_uuid` and the real path of the data directory. */
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
  const groups = groupBy(sets.filter(tellsDatadir), identityOf);
  const older = groupBy(sets.filter((set) => !tellsDatadir(set)).sort(wholeFirst), identityOf);
  for (const [identity, group] of older) {
    const home = homeOf(group, [...groups.values()]);
    if (home === undefined) groups.set(identity, group);
    else home.push(...group);
  }
  return groups;
}

const tellsDatadir = ({ server }: SnapshotSet): boolean => server.datadir !== undefined;
const isWhole = ({ members, planned }: SnapshotSet): boolean => members.length >= planned;
const wholeFirst = (a: SnapshotSet, b: SnapshotSet): number => Number(isWhole(b)) - Number(isWhole(a));

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
  const home = only(those((other) => tellsDatadir(other) && sharesVolume(set, other)));
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
