import { type Cadence, inUnits, type Nth, type Schedule, type TimeOfDay, type Weekday } from './schedule.ts';

/** The schedule for people: `every day at 03:00 UTC`. `offsetDays`: how many days later than that it runs. */
export function inWords(schedule: Schedule, offsetDays = 0): string {
  const later = offsetDays === 0 ? '' : `, ${offsetDays} ${offsetDays === 1 ? 'day' : 'days'} later`;
  return `${unshifted(schedule)}${later}`;
}

function unshifted(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'cron':
      return cadenceInWords(schedule.cadence);
    case 'rate':
      return `every ${inUnits(schedule.minutes).replace(/^1 /, '')}, from the start on`;
    case 'at':
      return `once, at ${schedule.time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  }
}

function cadenceInWords(cadence: Cadence): string {
  switch (cadence.every) {
    case 'half-hour':
      return 'every 30 minutes';
    case 'hours':
      return cadence.hours === 1 ? 'every hour' : `every ${cadence.hours} hours`;
    case 'day':
      return `every day at ${clock(cadence.at)}`;
    case 'week':
      return `every ${NAMES[cadence.weekday]} at ${clock(cadence.at)}`;
    case 'month':
      return `the ${ORDINALS[cadence.nth]} ${NAMES[cadence.weekday]} of the month at ${clock(cadence.at)}`;
  }
}

const clock = ({ hour, minute }: TimeOfDay): string =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')} UTC`;

const NAMES: Readonly<Record<Weekday, string>> = {
  SUN: 'Sunday',
  MON: 'Monday',
  TUE: 'Tuesday',
  WED: 'Wednesday',
  THU: 'Thursday',
  FRI: 'Friday',
  SAT: 'Saturday',
};

const ORDINALS: Readonly<Record<Nth, string>> = {
  1: 'first',
  2: 'second',
  3: 'third',
  4: 'fourth',
  5: 'fifth',
  last: 'last',
};
