import { between, fraction } from '../random.ts';
import { API_LATENCY_MS, spread } from './spread.ts';

/** One kill, drawn beforehand. Fractions are from 0 up to, not including, 1. */
export interface PlannedKill {
  readonly kind: 'kill';
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

/** Draws the kills. The same seed draws the same kills. */
export function planKills(seed: string, kills: number): readonly PlannedKill[] {
  const draw = (what: string, number: number) => fraction(`${seed}/${what}/${number}`);
  return spread(seed, kills).map((moment, index) => {
    const number = index + 1;
    return {
      kind: 'kill',
      number,
      moment,
      victim: draw('victim', number),
      process: draw('process', number),
      apiLatencyMs: between(API_LATENCY_MS, draw('latency', number)),
    };
  });
}

/** The element of a list at a fraction of its length; `undefined` of an empty one. */
export const elementAt = <T>(list: readonly T[], at: number): T | undefined => list[Math.floor(at * list.length)];
