/**
 * When State Manager runs an association. A value of one of these types is one that State Manager takes; times are UTC,
 * because CreateAssociation knows no time zone [model].
 */
export type Schedule =
  | { readonly kind: 'cron'; readonly cadence: Cadence }
  /** First at once, then again and again; never at a time of day. */
  | { readonly kind: 'rate'; readonly minutes: number }
  | { readonly kind: 'at'; readonly time: Date };

/**
 * What cron expressions of associations may mean [doc: Reference: Cron and rate expressions for Systems Manager, "Cron
 * and rate expressions for associations"]: every half hour, every 1, 2, 4, 8 or 12 hours, every day, every week, and every
 * nth or last such-and-such day of the month. Its examples of hours all begin at midnight, and so do these.
 */
export type Cadence =
  | { readonly every: 'half-hour' }
  | { readonly every: 'hours'; readonly hours: Hours }
  | { readonly every: 'day'; readonly at: TimeOfDay }
  | { readonly every: 'week'; readonly weekday: Weekday; readonly at: TimeOfDay }
  | { readonly every: 'month'; readonly weekday: Weekday; readonly nth: Nth; readonly at: TimeOfDay };

/** UTC: hour 0-23, minute 0-59. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/** The periods of hours that State Manager takes [doc, as for Cadence]. */
export const HOURS = [1, 2, 4, 8, 12] as const;
export type Hours = (typeof HOURS)[number];

/** In the order of JavaScript's `getUTCDay`; State Manager counts them from 1. */
export const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Which of a month's Tuesdays, say; a month without a fifth one is passed over. */
export type Nth = 1 | 2 | 3 | 4 | 5 | 'last';

/** The expression as the documentation writes it; what is sent, however a person has spelled it. */
export function expressionOf(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'cron':
      return `cron(${cronFields(schedule.cadence)})`;
    case 'rate':
      return `rate(${inUnits(schedule.minutes)})`;
    case 'at':
      return `at(${schedule.time.toISOString().slice(0, 19)})`;
  }
}

function cronFields(cadence: Cadence): string {
  switch (cadence.every) {
    case 'half-hour':
      return '0/30 * * * ? *';
    case 'hours':
      return `0 0/${cadence.hours} * * ? *`;
    case 'day':
      return `${time(cadence.at)} ? * * *`;
    case 'week':
      return `${time(cadence.at)} ? * ${cadence.weekday} *`;
    case 'month':
      return `${time(cadence.at)} ? * ${dayOfMonth(cadence)} *`;
  }
}

const time = ({ minute, hour }: TimeOfDay): string => `${minute} ${hour}`;

/** `TUE#3`, and for the last one the number of the day: `3L` [doc]. */
const dayOfMonth = ({ weekday, nth }: { weekday: Weekday; nth: Nth }): string =>
  nth === 'last' ? `${WEEKDAYS.indexOf(weekday) + 1}L` : `${weekday}#${nth}`;

/** `30 minutes`, `1 hour`, `15 days`: in the largest unit that makes it whole. */
export function inUnits(minutes: number): string {
  const [unit, length] = minutes % 1440 === 0 ? ['day', 1440] : minutes % 60 === 0 ? ['hour', 60] : ['minute', 1];
  const count = minutes / length;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
