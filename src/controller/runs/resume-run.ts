import type { FleetInstance, Invocation, SentCommand } from '../ports.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { type FleetRun, reportedRun, resultOf } from './fleet-run.ts';
import { CommandFollower } from './follow/follow-commands.ts';
import { type RemainingHosts, remainingHosts } from './remaining-hosts.ts';

/** Follows what a resumed run has sent before to its end. Every host's result is collected: a host that is done stays done. */
export async function finishEarlierCommands(run: FleetRun): Promise<void> {
  const { request, earlier, evidence, fleet, ports, emit } = run;
  if (request.begins !== 'resume') return;
  emit({ type: 'resuming', commands: earlier.sent.length });
  const byTags = earlier.sent.some(({ scope }) => scope.by === 'tags');
  const follower = new CommandFollower(run, {
    requests: [],
    atATime: 1,
    errorsAllowed: Number.POSITIVE_INFINITY,
    sent: [...evidence.commandIds],
    begun: true,
    unreachable: byTags ? fleet.unreachable : [],
    listAll: true,
  });
  const { invocations, withSuccesses } = await follower.follow();
  evidence.add({ invocations: latestOf(earlier.sent, invocations), withSuccesses });
  const { sets } = gatherSets(await ports.snapshots.ofSets({ by: 'run', run: request.run }));
  evidence.sets = new Map(sets.map((set) => [set.instance, set]));
}

/** The hosts that remain after that; and those, targeted today or not, that keep the others of their cluster from starting. */
export async function findRemainingHosts(run: FleetRun): Promise<RemainingHosts> {
  const { fleet, evidence, ports } = run;
  const { hosts, blocked } = remainingHosts(reportedRun(run), fleet, evidence);
  const targeted = new Set<string>(fleet.targeted.map(({ instanceId }) => instanceId));
  const ids = evidence.invocations
    .filter((each) => !targeted.has(each.instanceId) && resultOf(run, each).outcome === 'unsafe')
    .map(({ instanceId }) => instanceId);
  const others: readonly FleetInstance[] = ids.length === 0 ? [] : await ports.inventory.instances({ by: 'ids', ids });
  return { hosts, blocked: [...blocked, ...others] };
}

/**
 * The invocations of the last command that each host was sent. A command by tags is always the first of its run;
 * where a later one has succeeded and only what has not is listed, none is left of the host.
 */
function latestOf(sent: readonly SentCommand[], invocations: readonly Invocation[]): readonly Invocation[] {
  const latest = new Map<string, string>();
  for (const { commandId, scope } of sent)
    if (scope.by === 'ids') for (const id of scope.ids) latest.set(id, commandId);
  return invocations.filter(({ instanceId, commandId }) => (latest.get(instanceId) ?? commandId) === commandId);
}
