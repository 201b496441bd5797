import { cronTimes } from './next-times.ts';
import type { Cadence } from './schedule.ts';

/** The calendar repeats itself after 28 years, so these show every meeting that there is. */
const HORIZON_MS = 28 * 365.25 * 24 * 3_600_000;

/**
 * The first time at which one begins while the other may still be at work; `undefined` where they never meet.
 * `longestMs`: what a run may take; begun that long after the other, it meets it no more.
 */
export function firstOverlap(one: Cadence, other: Cadence, longestMs: number, from: Date): Date | undefined {
  const [a, b] = [cronTimes(one, from.getTime()), cronTimes(other, from.getTime())];
  let [x, y] = [next(a), next(b)];
  while (Math.min(x, y) < from.getTime() + HORIZON_MS) {
    if (Math.abs(x - y) < longestMs) return new Date(Math.max(x, y));
    if (x < y) x = next(a);
    else y = next(b);
  }
  return undefined;
}

const next = (times: Generator<number>): number => times.next().value as number;
