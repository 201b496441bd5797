import type { FleetInstance } from '../ports.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { latestOf } from './find-earlier-commands.ts';
import { collect, type FleetRun, type Known, reported, verdictOn } from './fleet-run.ts';
import { carryOut } from './follow-commands.ts';
import type { Fleet } from './reachable.ts';
import { type RemainingHosts, remainingHosts } from './remaining-hosts.ts';

/** Brings what a resumed run has sent before to its end, and collects it: of every host, for whoever is done is not done again. */
export async function finishEarlierCommands(run: FleetRun, fleet: Fleet): Promise<Known> {
  const { before, ports, emit, cancel, request, look } = run;
  if (request.begins !== 'resume') return { invocations: [], withSuccesses: true, leftOut: [] };
  const sent = before.sent.map(({ commandId }) => commandId);
  emit({ type: 'resuming', commands: sent.length });
  const orders = {
    requests: [],
    atATime: 1,
    errorsAllowed: Number.POSITIVE_INFINITY,
    sent,
    known: new Set<string>(),
    begun: true,
  };
  const byTags = before.sent.some(({ scope }) => scope.by === 'tags');
  const sentTo = byTags ? fleet : { ...fleet, unreachable: [] };
  const carried = await carryOut(orders, sentTo, before.window, ports, emit, cancel, look);
  const { invocations, withSuccesses } = await collect(run, carried, true);
  const { sets } = gatherSets(await ports.snapshots.ofSets({ by: 'run', run: request.run }));
  return {
    invocations: latestOf(before.sent, invocations),
    withSuccesses,
    sets: new Map(sets.map((set) => [set.instance, set])),
    leftOut: [],
  };
}

/** Who is to be done after that; and who, targeted today or not, keeps the others of its cluster from being done. */
export async function whatIsLeft(run: FleetRun, fleet: Fleet, earlier: Known): Promise<RemainingHosts> {
  const { hosts, blocked } = remainingHosts(reported(run), fleet, earlier);
  const targeted = new Set<string>(fleet.targeted.map(({ instanceId }) => instanceId));
  const outside = earlier.invocations.filter(({ instanceId }) => !targeted.has(instanceId));
  const unsafe = outside.filter((invocation) => verdictOn(run, invocation).outcome === 'unsafe');
  const others = await instancesOf(
    run,
    unsafe.map(({ instanceId }) => instanceId),
  );
  return { hosts, blocked: [...blocked, ...others] };
}

async function instancesOf(
  { ports }: FleetRun,
  ids: readonly FleetInstance['instanceId'][],
): Promise<readonly FleetInstance[]> {
  return ids.length === 0 ? [] : ports.inventory.instances({ by: 'ids', ids });
}
