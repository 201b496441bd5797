import type { Clock } from '../../src/agent/ports.ts';

/** A clock whose time passes only where somebody sleeps. */
export function fakeClock(): Clock {
  let elapsed = 0;
  return {
    now: () => new Date('2026-11-22T03:00:00Z'),
    elapsed: () => elapsed,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      elapsed += ms;
    },
  };
}
