import type { EmitFleet } from '../events.ts';
import {
  type CommandHistoryRange,
  type CommandPorts,
  type Commands,
  type Invocation,
  NON_SUCCESS_STATUSES,
} from '../ports.ts';
import { sumOf } from './counts.ts';

/**
 * Up to so many hosts every invocation is listed, 50 a request: it holds the result in the host's own words. Of a larger
 * fleet only those that are no success are; what succeeded is told by the tags of its sets (measured: 9 requests against
 * 208 for 10,000 hosts).
 */
export const LISTED_UP_TO = 500;

/** Invocations lag behind the end of their command; after this many looks they are reported as they are. */
const LOOKS = 5;
const LOOK_EVERY_MS = 2_000;

export interface Collected {
  readonly invocations: readonly Invocation[];
  /** Those of hosts that succeeded are among them. */
  readonly withSuccesses: boolean;
}

/** The invocations of commands that have ended: all, or of a large fleet all but the successes; with `listAll` those too. */
export async function collectInvocations(
  commandIds: readonly string[],
  window: CommandHistoryRange,
  { commands, clock }: CommandPorts,
  emit: EmitFleet,
  listAll: boolean,
): Promise<Collected> {
  if (commandIds.length === 0) return { invocations: [], withSuccesses: true };
  const { targets, errors } = sumOf((await commands.progress(commandIds, window)).values());
  const all = listAll || targets <= LISTED_UP_TO;
  for (let looked = 1; ; looked++) {
    const invocations = all
      ? await invocationsOf(commandIds, commands)
      : await commands.invocationsIn(NON_SUCCESS_STATUSES, commandIds, window);
    const settled = invocations.every(({ ended }) => ended) && invocations.length >= (all ? targets : errors);
    if (settled) return { invocations, withSuccesses: all };
    if (looked === LOOKS) {
      const running = invocations.filter(({ ended }) => !ended).length;
      const shown = all ? `${invocations.length} of ${targets} invocations are shown, ` : '';
      emit({ type: 'warned', message: `${shown}${running} of them as running still` });
      return { invocations, withSuccesses: all };
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Every invocation of these commands. */
export async function invocationsOf(commandIds: readonly string[], commands: Commands): Promise<readonly Invocation[]> {
  const found: Invocation[] = [];
  for (const id of commandIds) found.push(...(await commands.invocations(id)));
  return found;
}
