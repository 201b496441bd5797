/** How many good sets of a server are kept, by the calendar of UTC. A rule that is not given keeps none. */
export interface KeepRules {
  readonly last: number;
  /** The newest set of each of this many hours, days, weeks (from Monday), months and years that have one. */
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** Milliseconds before the newest good set: all that is younger is kept. */
  readonly withinMs: number;
  /** However little the rules keep, so many good sets stay. */
  readonly minimum: number;
}

export type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: so many days before it a week began. */
const DAYS_SINCE_MONDAY = 3;

/** Names the period that a moment is in: the same for all moments in it, and for no other. */
export const PERIODS: Readonly<Record<Period, (time: Date) => string>> = {
  hourly: (time) => time.toISOString().slice(0, 13),
  daily: (time) => time.toISOString().slice(0, 10),
  weekly: (time) => String(Math.floor((time.getTime() / DAY_MS + DAYS_SINCE_MONDAY) / 7)),
  monthly: (time) => time.toISOString().slice(0, 7),
  yearly: (time) => time.toISOString().slice(0, 4),
};
