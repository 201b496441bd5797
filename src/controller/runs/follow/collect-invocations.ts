import { poll } from '../../../shared/poll.ts';
import { type Commands, type Invocation, NON_SUCCESS_STATUSES } from '../../ports.ts';
import type { FleetRun } from '../fleet-run.ts';
import type { Collected } from '../run-evidence.ts';
import { sumOf } from './counts.ts';

/**
 * Up to so many hosts every invocation is listed, 50 a request: it holds the result in the host's own words. Of a larger
 * fleet only those that are no success are; what succeeded is reported by the tags of its sets (measured: 9 requests against
 * 208 for 10,000 hosts).
 */
export const LISTED_UP_TO = 500;

/** Invocations lag behind the end of their command; after this many looks they are reported as they are. */
const LOOKS = { firstMs: 2_000, times: 5 } as const;

/** The invocations of commands that have ended: all, or of a large fleet all but the successes; with `listAll` those too. */
export async function collectInvocations(
  commandIds: readonly string[],
  { ports: { commands, clock }, earlier: { range }, emit }: FleetRun,
  listAll: boolean,
): Promise<Collected> {
  if (commandIds.length === 0) return { invocations: [], withSuccesses: true };
  const { targets, errors } = sumOf((await commands.progress(commandIds, range)).values());
  const withSuccesses = listAll || targets <= LISTED_UP_TO;
  let invocations: readonly Invocation[] = [];
  const settled = await poll(clock, LOOKS, async () => {
    invocations = withSuccesses
      ? await invocationsOf(commandIds, commands)
      : await commands.invocationsIn(NON_SUCCESS_STATUSES, commandIds, range);
    const isWhole = invocations.length >= (withSuccesses ? targets : errors);
    return (isWhole && invocations.every(({ ended }) => ended)) || undefined;
  });
  if (settled === undefined) {
    const running = invocations.filter(({ ended }) => !ended).length;
    const shown = withSuccesses ? `${invocations.length} of ${targets} invocations are shown, ` : '';
    emit({ type: 'warned', message: `${shown}${running} of them as running still` });
  }
  return { invocations, withSuccesses };
}

/** Every invocation of these commands. */
export async function invocationsOf(commandIds: readonly string[], commands: Commands): Promise<readonly Invocation[]> {
  const found: Invocation[] = [];
  for (const id of commandIds) found.push(...(await commands.invocations(id)));
  return found;
}
