import type { EmitFleet } from '../events.ts';
import type { CommandHistoryRange, CommandPorts, FleetInstance, Invocation } from '../ports.ts';
import { invocationsOf, LISTED_UP_TO } from './collect-invocations.ts';
import { printedResult } from './parse-result.ts';

/** Looks at the hosts of commands that are under way, for somebody who watches. */
export type Look = (commandIds: readonly string[], targets: number) => Promise<void>;

/** A request lists 50 hosts: whoever watches costs one in so many milliseconds, not more. */
const PACE_MS = 2_000;
const PAGE = 50;

/** A look now and then: who is at work and since when, and the longest stall of those that have ended. */
export function watchHosts(
  fleet: readonly FleetInstance[],
  window: CommandHistoryRange,
  { commands, clock }: CommandPorts,
  emit: EmitFleet,
): Look {
  const names = new Map<string, string>(fleet.map(({ instanceId, name }) => [instanceId, name]));
  let next = 0;
  return async (commandIds, targets) => {
    const now = clock.now().getTime();
    if (now < next) return;
    next = now + PACE_MS * Math.ceil(targets / PAGE);
    const seen = await see(commandIds, targets);
    const atWork = seen.filter(({ status }) => status === 'InProgress');
    const stalls = seen.flatMap(({ output }) => printedResult(output)?.stallMs ?? []);
    emit({
      type: 'looked',
      atWork: atWork.map(({ instanceId, since }) => ({
        instance: instanceId,
        name: names.get(instanceId) ?? '-',
        since,
      })),
      longestStallMs: stalls.length === 0 ? undefined : Math.max(...stalls),
    });
  };

  /** Of a large fleet only who is at work: as at its end, its hosts' own words are not read. */
  async function see(commandIds: readonly string[], targets: number): Promise<readonly Invocation[]> {
    if (targets > LISTED_UP_TO) return commands.invocationsIn(['InProgress'], commandIds, window);
    return invocationsOf(commandIds, commands);
  }
}
