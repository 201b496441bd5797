import { groupBy } from '../collections.ts';
import type { Attachments, FleetInstance } from '../ports.ts';
import { whyUnattributed } from '../sets/attribution.ts';
import { isGood, newestFirst, type SnapshotSet, worthOf } from '../sets/snapshot-set.ts';

/** What is asked: whether every host, or every cluster, has a good set that is young enough. */
export interface Objective {
  readonly maxAgeMs: number;
  /** The tag whose value names a host's cluster: one of its hosts with a good set is enough. */
  readonly clusterTag?: string;
}

/** A host, or a cluster of hosts, and how old its backups are. */
export interface Freshness {
  /** The instance id, or the value of the cluster tag. */
  readonly subject: string;
  readonly hosts: readonly FleetInstance[];
  readonly verdict: 'fresh' | 'stale' | 'none';
  readonly newestGood?: SnapshotSet;
  readonly newestVerified?: SnapshotSet;
  /** What was taken since, and does not count; and why it does not. */
  readonly since: readonly { readonly set: SnapshotSet; readonly why: string }[];
}

/** Every host or cluster of the fleet, those without any set too; in the order of the fleet. Ages are by EC2's clock. */
export function judgeFreshness(
  fleet: readonly FleetInstance[],
  sets: readonly SnapshotSet[],
  attachments: Attachments,
  objective: Objective,
  now: Date,
): readonly Freshness[] {
  const byHost = groupBy(sets, ({ instance }) => instance);
  const subjects = groupBy(fleet, (host) => subjectOf(host, objective));
  return [...subjects].map(([subject, hosts]): Freshness => {
    const ordered = hosts.flatMap(({ instanceId }) => byHost.get(instanceId) ?? []).sort(newestFirst);
    const judged = ordered.map((set) => ({ set, why: whyNotGood(set, attachments) }));
    const good = judged.filter(({ why }) => why === undefined).map(({ set }) => set);
    const [newestGood] = good;
    const newestVerified = good.find(({ verified }) => verified);
    const since = judged.flatMap(({ set, why }) =>
      why !== undefined && set.startTime.getTime() > (newestGood?.startTime.getTime() ?? 0) ? [{ set, why }] : [],
    );
    return {
      subject,
      hosts,
      verdict: verdictOn(newestGood, objective, now),
      ...(newestGood && { newestGood }),
      ...(newestVerified && { newestVerified }),
      since,
    };
  });
}

/** A host without the tag, or with an empty one, stands for itself. */
const subjectOf = ({ instanceId, tags }: FleetInstance, { clusterTag }: Objective): string =>
  (clusterTag !== undefined && tags[clusterTag]) || instanceId;

function whyNotGood(set: SnapshotSet, attachments: Attachments): string | undefined {
  return isGood(set) ? whyUnattributed(set, attachments) : worthOf(set);
}

function verdictOn(newest: SnapshotSet | undefined, { maxAgeMs }: Objective, now: Date): Freshness['verdict'] {
  if (newest === undefined) return 'none';
  return now.getTime() - newest.startTime.getTime() <= maxAgeMs ? 'fresh' : 'stale';
}
