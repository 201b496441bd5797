import { RunError } from '../../shared/errors.ts';
import type { SnapshotId } from '../../shared/ids.ts';
import type { Attachments } from '../ports.ts';
import { whyUnattributed } from '../sets/attribution.ts';
import { groupByServer, hostsOfSeveral, type Server } from '../sets/servers.ts';
import { isGood, newestFirst, type SnapshotSet, worthOf } from '../sets/snapshot-set.ts';
import { type KeepRules, PERIODS, type Period } from './keep-rules.ts';

/** What becomes of one set, and every reason for it. */
export interface Verdict {
  readonly set: SnapshotSet;
  readonly fate: 'keep' | 'delete';
  readonly because: readonly string[];
}

/** What is known beside the sets themselves, and outweighs the rules. */
export interface PruneFacts {
  readonly attachments: Attachments;
  readonly locked: ReadonlySet<SnapshotId>;
  /** The keys of servers of which nothing has to be kept. */
  readonly retired: ReadonlySet<string>;
}

/**
 * What becomes of every set, server by server; within a server newest first. Only whole sets are deleted, and no server
 * that is not retired loses its newest good or newest verified one. Nothing depends on the time of day: ages count from the server's newest
 * good set, so a server whose backups have stopped does not lose those that it has. Without rules, retired servers alone
 * lose any.
 */
export function planPrune(
  sets: readonly SnapshotSet[],
  rules: KeepRules | undefined,
  facts: PruneFacts,
): readonly Verdict[] {
  const servers = groupByServer(sets);
  refuseToRetire(servers, facts);
  const several = hostsOfSeveral(servers);
  return servers.flatMap((server) =>
    planServer(server, rules, facts, several.has(server.instance) ? 'server' : 'host'),
  );
}

/** Throws `usage` where there is no such server, or it has the newest good set of its host. */
function refuseToRetire(servers: readonly Server[], facts: PruneFacts): void {
  for (const key of facts.retired) {
    const server = servers.find((each) => each.key === key);
    if (server === undefined) {
      throw new RunError('usage', `there is no server '${key}' to retire`, {
        hint: 'See `mysql-ebs-snapshot list --json` (serverKey); with --instance-ids, servers of these instances alone are known.',
      });
    }
    const ofHost = servers.filter(({ instance }) => instance === server.instance).flatMap(({ sets }) => sets);
    const [newest] = goodOf(ofHost, facts).sort(newestFirst);
    if (newest === undefined || !server.sets.includes(newest)) continue;
    throw new RunError(
      'usage',
      `the server '${key}' has the newest good set of ${server.instance}, so it is not retired`,
      {
        hint: 'A server is retired once another one of its host has a newer good set.',
      },
    );
  }
}

/** What is not proven to be the host's must not push out what is. */
const goodOf = (sets: readonly SnapshotSet[], { attachments }: PruneFacts): SnapshotSet[] =>
  sets.filter((set) => isGood(set) && whyUnattributed(set, attachments) === undefined);

/** `whose`: the word for it, which of most hosts is the only one. */
function planServer(
  server: Server,
  rules: KeepRules | undefined,
  facts: PruneFacts,
  whose: 'host' | 'server',
): readonly Verdict[] {
  const good = goodOf(server.sets, facts);
  const wanted = rules === undefined ? undefined : wantedByRules(good, rules);
  return server.sets.map((set): Verdict => {
    const untouchable = whyUntouchable(set, facts);
    if (untouchable !== undefined) return { set, fate: 'keep', because: [untouchable] };
    if (facts.retired.has(server.key)) return { set, fate: 'delete', because: ['its server is retired'] };
    if (wanted === undefined) return { set, fate: 'keep', because: ['no rule is given'] };
    const reasons = wanted.get(set);
    if (reasons !== undefined) return { set, fate: 'keep', because: reasons };
    if (isGood(set)) return { set, fate: 'delete', because: ['no rule keeps it'] };
    const newer = good.some(({ startTime }) => startTime > set.startTime);
    if (!newer) return { set, fate: 'keep', because: [`the ${whose} has no newer good set`] };
    return { set, fate: 'delete', because: [`it is ${worthOf(set)}, and the ${whose} has a newer good set`] };
  });
}

function whyUntouchable(set: SnapshotSet, { attachments, locked }: PruneFacts): string | undefined {
  if (set.state === 'contradictory') return 'its members contradict each other';
  if (set.members.some(({ state }) => state === 'pending')) return 'EBS has not completed it yet';
  const lock = set.members.find(({ snapshotId }) => locked.has(snapshotId));
  if (lock !== undefined) return `${lock.snapshotId} is locked`;
  return whyUnattributed(set, attachments);
}

/** The good sets that are kept, each with the rules that want it. `good` is newest first. */
function wantedByRules(good: readonly SnapshotSet[], rules: KeepRules): ReadonlyMap<SnapshotSet, readonly string[]> {
  const wanted = new Map<SnapshotSet, string[]>();
  const want = (set: SnapshotSet, because: string) => {
    const reasons = wanted.get(set);
    if (reasons === undefined) wanted.set(set, [because]);
    else reasons.push(because);
  };
  const [newest] = good;
  if (newest === undefined) return wanted;

  want(newest, 'newest good');
  const verified = good.find(({ verified }) => verified);
  if (verified !== undefined) want(verified, 'newest verified');
  for (const set of good.slice(0, rules.last)) want(set, 'last');
  for (const period of Object.keys(PERIODS) as Period[]) {
    for (const set of newestOfEach(good, PERIODS[period], rules[period])) want(set, period);
  }
  const since = newest.startTime.getTime() - rules.withinMs;
  if (rules.withinMs > 0) for (const set of good) if (set.startTime.getTime() >= since) want(set, 'within');
  for (const set of good) if (wanted.size < rules.minimum && !wanted.has(set)) want(set, 'minimum');
  return wanted;
}

/** The newest set of each of the first `count` periods that have one. */
function newestOfEach(good: readonly SnapshotSet[], periodOf: (time: Date) => string, count: number): SnapshotSet[] {
  const newest = new Map<string, SnapshotSet>();
  for (const set of good) {
    const period = periodOf(set.startTime);
    if (newest.size < count && !newest.has(period)) newest.set(period, set);
  }
  return [...newest.values()];
}
