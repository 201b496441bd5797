import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlinePassed } from '../ports.ts';

/**
 * Waits for work of this process that a stalled device could keep for ever; what is stuck is left behind. Throws
 * DeadlinePassed, or what the work throws.
 */
export async function withinDeadline<T>(what: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const tooLong = sleep(deadlineMs, undefined, { signal: over.signal }).then(() => {
    throw new DeadlinePassed(what, deadlineMs);
  });
  try {
    return await Promise.race([work(), tooLong]);
  } finally {
    over.abort();
  }
}
