import type { InstanceId } from '../../shared/ids.ts';
import { groupBy } from '../collections.ts';
import type { FleetInstance, TagTarget } from '../ports.ts';
import type { UnreachableHost } from './reachable.ts';

/** How a fleet is divided so that no two members of a cluster are at work together. */
export interface WaveRule {
  /** Hosts with the same value of this tag are a cluster. */
  readonly key: string;
  /** Members that carry this tag come before the others of their cluster. */
  readonly prefer: TagTarget | undefined;
}

/** Hosts in the order of their turns; of a cluster one a wave. */
export interface Waves {
  readonly waves: readonly (readonly InstanceId[])[];
  /** Those that get no turn, because nobody knows beside whom they may work. */
  readonly leftOut: readonly UnreachableHost[];
}

/**
 * The waves of these hosts: the first holds one member of every cluster, the second another one, and so on; members
 * that are preferred come first, equals in the order of their ids. `blocked`: hosts of which nobody knows whether they
 * are still at work, so that nobody else of their cluster may begin.
 */
export function planWaves(
  hosts: readonly FleetInstance[],
  rule: WaveRule | undefined,
  blocked: readonly FleetInstance[] = [],
): Waves {
  if (rule === undefined) return { waves: hosts.length === 0 ? [] : [hosts.map(idOf)], leftOut: [] };
  const taken = new Set(blocked.map((host) => host.tags[rule.key]));
  const waves: InstanceId[][] = [];
  const leftOut: UnreachableHost[] = [];
  for (const [cluster, members] of groupBy(hosts, ({ tags }) => tags[rule.key] || undefined)) {
    if (cluster === undefined) leftOut.push(...members.map((host) => withoutCluster(host, rule.key)));
    else if (taken.has(cluster)) leftOut.push(...members.map((host) => besideUnsafe(host, cluster)));
    else {
      for (const [turn, host] of inTurn(members, rule.prefer).entries()) {
        const wave = waves[turn] ?? [];
        wave.push(host.instanceId);
        waves[turn] = wave;
      }
    }
  }
  return { waves, leftOut };
}

const idOf = ({ instanceId }: FleetInstance): InstanceId => instanceId;

function inTurn(members: readonly FleetInstance[], prefer: TagTarget | undefined): readonly FleetInstance[] {
  const rank = ({ tags }: FleetInstance) => (prefer?.values.includes(tags[prefer.key] ?? '') === true ? 0 : 1);
  return [...members].sort((a, b) => rank(a) - rank(b) || (a.instanceId < b.instanceId ? -1 : 1));
}

const withoutCluster = (host: FleetInstance, key: string): UnreachableHost => ({
  host,
  code: 'host-missing',
  message: `the instance carries no tag ${key}, so nobody knows beside whom it may work`,
  hint: `Give it the tag, or take it out of the targets.`,
});

const besideUnsafe = (host: FleetInstance, cluster: string): UnreachableHost => ({
  host,
  code: 'host-missing',
  message: `another member of its cluster ${cluster} needs a person first`,
  hint: 'See that host; then go on with --resume.',
});
