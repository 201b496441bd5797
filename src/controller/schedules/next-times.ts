import { type Cadence, type Nth, type Schedule, WEEKDAYS, type Weekday } from './schedule.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Which of a schedule's times `nextTimes` returns. */
export interface Question {
  /** When the schedule was made, or last changed: no time before it counts, and rates count from it. */
  readonly since: Date;
  /** The times that are asked for come after this one. */
  readonly after: Date;
  readonly count: number;
  /**
   * Days from a time of the cron expression to the run. A time that had passed when the schedule was made does not run
   * late, even where the offset ends in the future: it goes into effect in the following period [doc].
   */
  readonly offsetDays?: number | undefined;
}

/** The next times at which it runs, in order; fewer than asked for only where it ends. */
export function nextTimes(schedule: Schedule, { since, after, count, offsetDays = 0 }: Question): readonly Date[] {
  const found: Date[] = [];
  for (const time of timesOf(schedule, since, after.getTime() - offsetDays * DAY_MS)) {
    if (found.length === count) break;
    found.push(new Date(time + offsetDays * DAY_MS));
  }
  return found;
}

/** In milliseconds, those after both moments. */
function* timesOf(schedule: Schedule, since: Date, after: number): Generator<number> {
  switch (schedule.kind) {
    case 'cron':
      yield* cronTimes(schedule.cadence, Math.max(since.getTime(), after));
      return;
    case 'rate': {
      const period = schedule.minutes * MINUTE_MS;
      const passed = Math.max(0, Math.floor((after - since.getTime()) / period));
      for (let time = since.getTime() + (passed + 1) * period; ; time += period) yield time;
    }
    case 'at': {
      const time = schedule.time.getTime();
      if (time > Math.max(since.getTime(), after)) yield time;
    }
  }
}

/** The times of a cadence after a moment, in order and without end. */
export function* cronTimes(cadence: Cadence, after: number): Generator<number> {
  const ofDay = minutesOfDay(cadence);
  for (let day = Math.floor(after / DAY_MS) * DAY_MS; ; day += DAY_MS) {
    if (!isItsDay(cadence, new Date(day))) continue;
    for (const minute of ofDay) if (day + minute * MINUTE_MS > after) yield day + minute * MINUTE_MS;
  }
}

function minutesOfDay(cadence: Cadence): readonly number[] {
  switch (cadence.every) {
    case 'half-hour':
      return multiplesUpToADay(30);
    case 'hours':
      return multiplesUpToADay(60 * cadence.hours);
    default:
      return [60 * cadence.at.hour + cadence.at.minute];
  }
}

const multiplesUpToADay = (minutes: number): readonly number[] =>
  Array.from({ length: 1440 / minutes }, (_, index) => index * minutes);

function isItsDay(cadence: Cadence, day: Date): boolean {
  switch (cadence.every) {
    case 'week':
      return isWeekday(cadence.weekday, day);
    case 'month':
      return isWeekday(cadence.weekday, day) && isNthOfItsMonth(cadence.nth, day);
    default:
      return true;
  }
}

const isWeekday = (weekday: Weekday, day: Date): boolean => WEEKDAYS[day.getUTCDay()] === weekday;

/** Of the weekday that it is. */
function isNthOfItsMonth(nth: Nth, day: Date): boolean {
  if (nth !== 'last') return Math.ceil(day.getUTCDate() / 7) === nth;
  const aWeekLater = new Date(day.getTime() + 7 * DAY_MS);
  return aWeekLater.getUTCMonth() !== day.getUTCMonth();
}
