import { fraction } from '../random.ts';

/** So slow that the window is a good part of a run, and many strikes land in it. */
export const API_LATENCY_MS = { least: 200, most: 400 };

/**
 * Draws so many moments of a run, as fractions of its duration. They are spread evenly: one at random in each of so many
 * equal slices of a run, the slices in random order, so that a few meet every part of a run as well.
 */
export function spread(seed: string, count: number): readonly number[] {
  const draw = (what: string, number: number) => fraction(`${seed}/${what}/${number}`);
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const slices = numbers.toSorted((a, b) => draw('slice', a) - draw('slice', b));
  return numbers.map((number, index) => ((slices[index] ?? 1) - 1 + draw('moment', number)) / count);
}
