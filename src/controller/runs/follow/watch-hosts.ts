import type { EmitFleet } from '../../events.ts';
import type { CommandHistoryRange, CommandPorts, FleetInstance } from '../../ports.ts';
import type { WatchHosts } from '../fleet-run.ts';
import { printedResult } from '../judge/parse-result.ts';
import { invocationsOf, LISTED_UP_TO } from './collect-invocations.ts';

/** A request lists 50 hosts: watching costs one request in so many milliseconds, not more. */
const PACE_MS = 2_000;
const PAGE = 50;

/** Emits, at its pace, which hosts are at work and since when, and the longest stall of those that have ended. */
export function watchHosts(
  fleet: readonly FleetInstance[],
  range: CommandHistoryRange,
  { commands, clock }: CommandPorts,
  emit: EmitFleet,
): WatchHosts {
  const names = new Map<string, string>(fleet.map(({ instanceId, name }) => [instanceId, name]));
  let next = 0;
  return async (commandIds, targets) => {
    const now = clock.now().getTime();
    if (now < next) return;
    next = now + PACE_MS * Math.ceil(targets / PAGE);
    // Of a large fleet only the hosts at work: as at its end, its hosts' own words are not read.
    const seen =
      targets > LISTED_UP_TO
        ? await commands.invocationsIn(['InProgress'], commandIds, range)
        : await invocationsOf(commandIds, commands);
    const atWork = seen
      .filter(({ status }) => status === 'InProgress')
      .map(({ instanceId, since }) => ({ instance: instanceId, name: names.get(instanceId) ?? '-', since }));
    const stalls = seen.flatMap(({ output }) => printedResult(output)?.stallMs ?? []);
    emit({ type: 'looked', atWork, longestStallMs: stalls.length === 0 ? undefined : Math.max(...stalls) });
  };
}
