import { between, fraction } from '../random.ts';

/** One kill, drawn beforehand. Fractions are from 0 up to, not including, 1. */
export interface PlannedKill {
  /** 1, 2 …, in the order in which they are done. */
  readonly number: number;
  /** When: the fraction of an undisturbed run's duration. */
  readonly moment: number;
  /** Whom: the fraction of the list of those who can be killed at that moment. */
  readonly victim: number;
  /** Which of its processes, where the victim is one of several. */
  readonly process: number;
  /** How long EC2 takes for CreateSnapshots. */
  readonly apiLatencyMs: number;
}

/** So slow that the window is a good part of a run, and many kills land in it. */
export const API_LATENCY_MS = { least: 200, most: 400 };

/**
 * Draws the kills. Their moments are spread evenly: one at random in each of so many equal slices of a run, the slices
 * in random order, so that few kills meet every part of a run as well. The same seed draws the same kills.
 */
export function planKills(seed: string, kills: number): readonly PlannedKill[] {
  const draw = (what: string, number: number) => fraction(`${seed}/${what}/${number}`);
  const numbers = Array.from({ length: kills }, (_, index) => index + 1);
  const slices = numbers.toSorted((a, b) => draw('slice', a) - draw('slice', b));
  return numbers.map((number, index) => ({
    number,
    moment: ((slices[index] ?? 1) - 1 + draw('moment', number)) / kills,
    victim: draw('victim', number),
    process: draw('process', number),
    apiLatencyMs: between(API_LATENCY_MS, draw('latency', number)),
  }));
}

/** The element of a list at a fraction of its length; `undefined` of an empty one. */
export const elementAt = <T>(list: readonly T[], at: number): T | undefined => list[Math.floor(at * list.length)];
