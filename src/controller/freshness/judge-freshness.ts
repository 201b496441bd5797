import { groupBy } from '../collections.ts';
import type { Attachments, FleetInstance } from '../ports.ts';
import { whyUnattributed } from '../sets/attribution.ts';
import { groupByServer, type Server } from '../sets/servers.ts';
import { isGood, newestFirst, type SnapshotSet, worthOf } from '../sets/snapshot-set.ts';
import { goneServers } from './gone-servers.ts';

/** What is asked: whether every server of every host, or every cluster, has a good set that is young enough. */
export interface Objective {
  readonly maxAgeMs: number;
  /** The tag whose value names a host's cluster: one of its hosts with a good set is enough. */
  readonly clusterTag?: string;
}

/** A server of a host, or a cluster of hosts, and how old its backups are. */
export interface Freshness {
  /** The instance id, or the value of the cluster tag. */
  readonly subject: string;
  readonly hosts: readonly FleetInstance[];
  /** Absent of a cluster, and of a host without sets. */
  readonly server?: Server;
  /** `gone`: another server of the host has taken its place. */
  readonly verdict: 'fresh' | 'stale' | 'none' | 'gone';
  readonly newestGood?: SnapshotSet;
  readonly newestVerified?: SnapshotSet;
  /** What was taken since, and does not count; and why it does not. */
  readonly since: readonly { readonly set: SnapshotSet; readonly why: string }[];
}

/** Whether it is fresh, or need not be. */
export const isWell = ({ verdict }: Freshness): boolean => verdict === 'fresh' || verdict === 'gone';

/** The hosts of which several servers are among them. */
export function subjectsOfSeveral(all: readonly Freshness[]): ReadonlySet<string> {
  const bySubject = groupBy(all, ({ subject }) => subject);
  return new Set([...bySubject].filter(([, rows]) => rows.length > 1).map(([subject]) => subject));
}

/**
 * Every server of every host, or every cluster, of the fleet, hosts without any set too; in the order of the fleet. Ages are
 * by EC2's clock.
 */
export function judgeFreshness(
  fleet: readonly FleetInstance[],
  sets: readonly SnapshotSet[],
  attachments: Attachments,
  objective: Objective,
  now: Date,
): readonly Freshness[] {
  const byHost = groupBy(sets, ({ instance }) => instance);
  const clusters = groupBy(fleet, (host) => clusterOf(host, objective) ?? host.instanceId);
  return [...clusters].flatMap(([subject, hosts]): readonly Freshness[] => {
    const ofSubject = hosts.flatMap(({ instanceId }) => byHost.get(instanceId) ?? []);
    const judge = (ofServer: readonly SnapshotSet[]) => ({
      subject,
      hosts,
      ...judgeSets(ofServer, attachments, objective, now),
    });
    const [host] = hosts;
    if (host === undefined || clusterOf(host, objective) !== undefined) return [judge(ofSubject)];
    return judgeServers(ofSubject, attachments, judge);
  });
}

/** Of one host. What is not proven to be of the host makes no server: it stands with the first. */
function judgeServers(
  sets: readonly SnapshotSet[],
  attachments: Attachments,
  judge: (sets: readonly SnapshotSet[]) => Freshness,
): readonly Freshness[] {
  const isProven = (set: SnapshotSet) =>
    set.state !== 'contradictory' && whyUnattributed(set, attachments) === undefined;
  const servers = groupByServer(sets);
  const proven = servers.filter((server) => server.sets.some(isProven));
  const strays = servers.filter((server) => !proven.includes(server)).flatMap((server) => server.sets);
  const [first] = proven;
  if (first === undefined) return [judge(sets)];
  const gone = goneServers(
    proven.map((server) => withSets(server, server.sets.filter(isProven))),
    attachments,
  ).map(({ key }) => key);
  return proven.map((server) => {
    const judged = { ...judge(server === first ? [...server.sets, ...strays] : server.sets), server };
    return gone.includes(server.key) ? { ...judged, verdict: 'gone' } : judged;
  });
}

function withSets(server: Server, [newest, ...others]: readonly SnapshotSet[]): Server {
  return newest === undefined ? server : { ...server, sets: [newest, ...others] };
}

function judgeSets(
  sets: readonly SnapshotSet[],
  attachments: Attachments,
  objective: Objective,
  now: Date,
): Omit<Freshness, 'subject' | 'hosts'> {
  const judged = [...sets].sort(newestFirst).map((set) => ({ set, why: whyNotGood(set, attachments) }));
  const good = judged.filter(({ why }) => why === undefined).map(({ set }) => set);
  const [newestGood] = good;
  const newestVerified = good.find(({ verified }) => verified);
  const since = judged.flatMap(({ set, why }) =>
    why !== undefined && set.startTime.getTime() > (newestGood?.startTime.getTime() ?? 0) ? [{ set, why }] : [],
  );
  return {
    verdict: verdictOn(newestGood, objective, now),
    ...(newestGood && { newestGood }),
    ...(newestVerified && { newestVerified }),
    since,
  };
}

/** A host without the tag, or with an empty one, is in none. */
const clusterOf = ({ tags }: FleetInstance, { clusterTag }: Objective): string | undefined =>
  (clusterTag !== undefined && tags[clusterTag]) || undefined;

function whyNotGood(set: SnapshotSet, attachments: Attachments): string | undefined {
  return isGood(set) ? whyUnattributed(set, attachments) : worthOf(set);
}

function verdictOn(newest: SnapshotSet | undefined, { maxAgeMs }: Objective, now: Date): 'fresh' | 'stale' | 'none' {
  if (newest === undefined) return 'none';
  return now.getTime() - newest.startTime.getTime() <= maxAgeMs ? 'fresh' : 'stale';
}
