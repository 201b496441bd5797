import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

/** The machine's clocks. A cancelled sleep throws the signal's reason. */
export const clock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, signal === undefined ? undefined : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
