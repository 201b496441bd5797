import { RunError } from '../../shared/errors.ts';
import { type Nth, WEEKDAYS, type Weekday } from './schedule.ts';

/** What a cron expression says, in whichever of the two spellings; State Manager takes only little of it. */
export interface CronFields {
  /** In order, each once. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: Days;
  /** Whether it runs in every month of every year. */
  readonly months: 'all' | 'some';
  readonly years: 'all' | 'some';
}

/** The days on which it runs. Of dates only the first (1-31) is kept: State Manager takes no date. */
export type Days =
  | { readonly by: 'all' }
  | { readonly by: 'date'; readonly first: number }
  /** In the order of the week, each once, fewer than seven. */
  | { readonly by: 'weekday'; readonly weekdays: readonly Weekday[] }
  | { readonly by: 'nth'; readonly weekday: Weekday; readonly nth: Nth };

/** The five fields of a crontab, days of the week from 0 to 7. Throws `usage` where it is none. */
export function crontabFields(text: string): CronFields {
  const fields = text.trim().split(/\s+/);
  const [minutes = '', hours = '', date = '', months = '', weekday = ''] = fields;
  if (fields.length !== 5) throw noCron(text, 'a crontab has five fields');
  const weekdays = values(text, weekday, WEEKDAY_OF_CRONTAB).map((day) => day % 7);
  if (date !== '*' && weekday !== '*') {
    throw noCron(text, 'it names days of the month and days of the week, of which a crontab takes either');
  }
  return {
    ...timesOf(text, minutes, hours),
    days: date === '*' ? onWeekdays(weekdays) : onDates(text, date),
    months: all(text, months, MONTH),
    years: 'all',
  };
}

/**
 * The six fields within `cron(…)`, days of the week from 1 to 7; before them, if there is a seventh, the seconds, which
 * have to be 0 [doc]. Throws `usage` where it is none.
 */
export function awsCronFields(text: string): CronFields {
  const fields = (/^cron\((.*)\)$/.exec(text.trim())?.[1] ?? '').trim().split(/\s+/);
  if (fields.length === 7 && fields.shift() !== '0') throw noCron(text, 'the first of seven fields, the seconds, is 0');
  const [minutes = '', hours = '', date = '', months = '', weekday = '', years = ''] = fields;
  if (fields.length !== 6) throw noCron(text, 'cron(…) has six fields, the last of them the year');
  if ((date === '?') === (weekday === '?')) {
    const why = 'either the day of the month or the day of the week has to be ?, and not both';
    const meant =
      weekday === '*' && date !== '*' && date !== '?' ? [date, months, '?'] : ['?', months, starred(weekday)];
    const isClear = [date, weekday].some((field) => field === '*' || field === '?');
    throw noCron(text, why, isClear ? `Write 'cron(${[minutes, hours, ...meant, years].join(' ')})'.` : undefined);
  }
  return {
    ...timesOf(text, minutes, hours),
    days: weekday === '?' ? onDates(text, date) : onDaysOfWeek(text, weekday),
    months: all(text, months, MONTH),
    years: all(text, years, YEAR),
  };
}

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Names for its values, of the first one on. */
  readonly names?: readonly string[];
}

const MINUTE: Field = { name: 'minute', from: 0, to: 59 };
const HOUR: Field = { name: 'hour', from: 0, to: 23 };
const DATE: Field = { name: 'day of the month', from: 1, to: 31 };
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const MONTH: Field = { name: 'month', from: 1, to: 12, names: MONTHS };
const YEAR: Field = { name: 'year', from: 1970, to: 2199 };
const WEEKDAY: Field = { name: 'day of the week', from: 1, to: 7, names: WEEKDAYS };
const WEEKDAY_OF_CRONTAB: Field = { name: 'day of the week', from: 0, to: 7, names: WEEKDAYS };

const timesOf = (text: string, minutes: string, hours: string): Pick<CronFields, 'minutes' | 'hours'> => ({
  minutes: values(text, minutes, MINUTE),
  hours: values(text, hours, HOUR),
});

const all = (text: string, field: string, kind: Field): 'all' | 'some' =>
  values(text, field, kind).length === kind.to - kind.from + 1 ? 'all' : 'some';

function onDates(text: string, field: string): Days {
  // The last day, and the weekday next to a day: which they are depends on the month, and State Manager takes neither.
  if (/^(L|LW)$/i.test(field)) return { by: 'date', first: DATE.to };
  const dates = values(text, field.replace(/W$/i, ''), DATE);
  return dates.length === DATE.to ? { by: 'all' } : { by: 'date', first: dates[0] ?? DATE.from };
}

function onDaysOfWeek(text: string, field: string): Days {
  const [, day, nth, last] = /^([^#]+?)(?:#([1-5])|(L))$/i.exec(field) ?? [];
  if (day !== undefined && (nth !== undefined || last !== undefined)) {
    const [weekday, ...more] = values(text, day, WEEKDAY).map((number) => WEEKDAYS[number - 1]);
    if (weekday === undefined || more.length > 0) throw noCron(text, `'${field}' names more than one day`);
    return { by: 'nth', weekday, nth: last === undefined ? (Number(nth) as Nth) : 'last' };
  }
  return onWeekdays(values(text, field, WEEKDAY).map((number) => number - 1));
}

/** Days as `getUTCDay` counts them. */
function onWeekdays(days: readonly number[]): Days {
  const weekdays = WEEKDAYS.filter((_name, day) => days.includes(day));
  return weekdays.length === WEEKDAYS.length ? { by: 'all' } : { by: 'weekday', weekdays };
}

/** The values of a field, in order: a list of values and ranges, each perhaps with a step. */
function values(text: string, field: string, kind: Field): readonly number[] {
  const found = new Set<number>();
  for (const item of field.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    const [from, to] = limits(range, step !== undefined, kind) ?? [];
    if (from === undefined || to === undefined || from > to || Number(step) === 0) {
      throw noCron(text, `'${item}' is no ${kind.name} (${kind.from} to ${kind.to})`);
    }
    for (let value = from; value <= to; value += Number(step ?? 1)) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

/** The first and the last value of `*`, `5`, `5-9`, and of the `5` in `5/15`, which goes on to the end. */
function limits(range: string, stepped: boolean, kind: Field): readonly [number, number] | undefined {
  if (range === '*') return [kind.from, kind.to];
  const [from, to, ...more] = range.split('-').map((text) => numberOf(text, kind));
  if (from === undefined || more.length > 0 || (to === undefined && range.includes('-'))) return undefined;
  return [from, to ?? (stepped ? kind.to : from)];
}

function numberOf(text: string, { from, to, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return from + named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

const starred = (field: string): string => (field === '?' ? '*' : field);

const FORMS =
  "Give the five fields of a crontab, like '0 3 * * *', or State Manager's six, like 'cron(0 3 ? * * *)': minute, hour, day of the month, month, day of the week, year. Times are UTC.";

const noCron = (text: string, why: string, hint = FORMS): RunError =>
  new RunError('usage', `'${text}' is no cron expression: ${why}`, { hint });
