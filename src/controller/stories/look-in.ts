import type { EmitFleet } from '../events.ts';
import { printedResult } from '../fleet/printed-result.ts';
import type { CommandPorts, CommandWindow, FleetInstance, Invocation } from '../ports.ts';

/** Looks at the hosts of commands that are under way, for somebody who watches. */
export type Look = (commandIds: readonly string[], targets: number) => Promise<void>;

/** Up to so many hosts a look reads what those that have ended say; of more only who is at work. */
const READ_UP_TO = 500;
/** A request lists 50 hosts: whoever watches costs one in so many milliseconds, not more. */
const PACE_MS = 2_000;
const PAGE = 50;

/** A look now and then: who is at work and since when, and the longest stall of those that have ended. */
export function lookIn(
  fleet: readonly FleetInstance[],
  window: CommandWindow,
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

  async function see(commandIds: readonly string[], targets: number): Promise<readonly Invocation[]> {
    if (targets > READ_UP_TO) return commands.invocationsIn(['InProgress'], commandIds, window);
    const seen: Invocation[] = [];
    for (const id of commandIds) seen.push(...(await commands.invocations(id)));
    return seen;
  }
}
