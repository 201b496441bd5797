import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RunError } from '../../shared/errors.ts';

const DEADLINE_MS = 30_000;
const POLL_MS = 50;

/**
 * Tries until it works: the last reference of a process that has just been killed may take a moment to go.
 * Throws RunError `lab-unswept` where that takes half a minute, with what `holders` names by then.
 */
export async function untilItWorks(
  complaint: string,
  work: () => Promise<unknown>,
  holders?: () => string,
): Promise<void> {
  const giveUp = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > giveUp) {
        const held = holders ? ` (held by ${holders()})` : '';
        throw new RunError('lab-unswept', `${complaint}${held}: ${messageOf(error)}`);
      }
      await sleep(POLL_MS);
    }
  }
}
