import { between, fraction } from '../random.ts';
import { elementAt } from './kill-plan.ts';
import { API_LATENCY_MS, spread } from './spread.ts';

/** Whom a stop meets. The guard is never stopped: it is what thaws for an agent that is. */
export const STOPPED = ['agent', 'process group'] as const;
export type Stopped = (typeof STOPPED)[number];

/** One stop of a run, drawn beforehand. */
export interface PlannedStop {
  readonly kind: 'stop';
  /** 1, 2 …, in the order in which they are done. */
  readonly number: number;
  /** When: the fraction of an undisturbed run's duration. */
  readonly moment: number;
  readonly whom: Stopped;
  /** How long EC2 takes for CreateSnapshots. */
  readonly apiLatencyMs: number;
}

/** One that meets the lock takes 12 s, the server's bound. */
const KILLS_A_STOP = 10;

/** Draws the stops that come on top of so many kills. The same seed draws the same stops. */
export function planStops(seed: string, kills: number): readonly PlannedStop[] {
  const draw = (what: string, number: number) => fraction(`${seed}/stop/${what}/${number}`);
  return spread(`${seed}/stop`, Math.ceil(kills / KILLS_A_STOP)).map((moment, index) => {
    const number = index + 1;
    return {
      kind: 'stop',
      number,
      moment,
      whom: elementAt(STOPPED, draw('whom', number)) ?? 'agent',
      apiLatencyMs: between(API_LATENCY_MS, draw('latency', number)),
    };
  });
}
