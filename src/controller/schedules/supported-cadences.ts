import type { CronFields } from './cron-fields.ts';
import { type Cadence, HOURS, type Nth, type TimeOfDay } from './schedule.ts';

/** What the fields mean, if State Manager has it. */
export function cadenceOf({ minutes, hours, days, months, years }: CronFields): Cadence | undefined {
  if (months === 'some' || years === 'some') return undefined;
  if (days.by === 'all') return daily(minutes, hours);
  const at = once(minutes, hours);
  if (at === undefined) return undefined;
  if (days.by === 'nth') return { every: 'month', weekday: days.weekday, nth: days.nth, at };
  if (days.by === 'date') return undefined;
  const [weekday, ...more] = days.weekdays;
  return weekday === undefined || more.length > 0 ? undefined : { every: 'week', weekday, at };
}

/** Why State Manager does not have it, in words that follow its name. */
export function whyRefused({ days, months, years }: CronFields): string {
  if (months === 'some') return 'knows no months';
  if (years === 'some') return 'knows no years';
  if (days.by === 'date') return 'knows no days of the month but the nth or last of a weekday';
  if (days.by === 'weekday' && days.weekdays.length > 1) return 'takes one day of the week, or every day';
  if (days.by !== 'all') return 'takes one time of day with a day of the week';
  return 'runs every 30 minutes, every 1, 2, 4, 8 or 12 hours from midnight on, or once a day';
}

/** What it has instead, the most like first. */
export function nearest({ minutes, hours, days, months, years }: CronFields): readonly Cadence[] {
  const everyYear = { minutes, hours, days, months: 'all', years: 'all' } as const;
  if (months === 'some' || years === 'some') {
    const same = cadenceOf(everyYear);
    return same === undefined ? nearest(everyYear) : [same];
  }
  const at = first(minutes, hours);
  const often = minutes.length * hours.length;
  const byDay: readonly Cadence[] = often === 1 ? [{ every: 'day', at }] : likeOften(often);
  switch (days.by) {
    case 'all':
      return often <= 3 ? [...byDay, { every: 'day', at }] : byDay;
    case 'date':
      return often === 1 ? [{ every: 'month', weekday: 'SUN', nth: nthOf(days.first), at }] : byDay;
    case 'weekday':
      return [...byDay, ...days.weekdays.slice(0, 1).map((weekday): Cadence => ({ every: 'week', weekday, at }))];
    case 'nth':
      return [{ every: 'month', weekday: days.weekday, nth: days.nth, at }];
  }
}

/** Of times that are every day's: an interval that divides the day from midnight on, or one time. */
function daily(minutes: readonly number[], hours: readonly number[]): Cadence | undefined {
  const at = once(minutes, hours);
  if (at !== undefined) return { every: 'day', at };
  if (hours.length === 24 && isMultiples(minutes, 30, 60)) return { every: 'half-hour' };
  const interval = HOURS.find((each) => isMultiples(hours, each, 24));
  const onTheHour = minutes.length === 1 && minutes[0] === 0;
  return interval !== undefined && onTheHour ? { every: 'hours', hours: interval } : undefined;
}

function once(minutes: readonly number[], hours: readonly number[]): TimeOfDay | undefined {
  return minutes.length === 1 && hours.length === 1 ? first(minutes, hours) : undefined;
}

const first = ([minute = 0]: readonly number[], [hour = 0]: readonly number[]): TimeOfDay => ({ hour, minute });

/** Whether the values are 0, `step`, twice that … below `end`. */
const isMultiples = (values: readonly number[], step: number, end: number): boolean =>
  values.length === end / step && values.every((value, index) => value === index * step);

/** Often a day -> what runs as often, from the most often on. */
const BY_OFTEN: readonly (readonly [number, Cadence])[] = [
  [48, { every: 'half-hour' }],
  ...HOURS.map((hours) => [24 / hours, { every: 'hours', hours }] as const),
];

/** What runs as often a day; else the next more and the next less often. More often than once a day. */
function likeOften(often: number): readonly Cadence[] {
  const same = BY_OFTEN.find(([each]) => each === often);
  if (same !== undefined) return [same[1]];
  const more = BY_OFTEN.findLast(([each]) => each > often);
  const less = BY_OFTEN.find(([each]) => each < often);
  return [less, more].flatMap((each) => (each === undefined ? [] : [each[1]]));
}

/** Which one of its weekday a day of the month is; beyond the fourth, the last. */
const nthOf = (date: number): Nth => (date > 28 ? 'last' : (Math.ceil(date / 7) as Nth));
