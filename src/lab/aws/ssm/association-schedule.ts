import { ApiError } from '../api-error.ts';

/**
 * The schedules of associations [doc: Reference: Cron and rate expressions for Systems Manager, "Cron and rate
 * expressions for associations"]: cron in the forms of its tables, rates, one time. Times are UTC. Written after the
 * documentation alone: the controller's own reading of it is tested against this one.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

const MINUTE = '[0-5]?[0-9]';
const HOUR = '([01]?[0-9]|2[0-3])';
const DAY = '(SUN|MON|TUE|WED|THU|FRI|SAT|[1-7])';
/** The fields after the seconds, which may be left out and are 0 otherwise. */
const CRON_FORMS = [
  '[0*]/30 \\* \\* \\* \\? \\*',
  '0 [0*]/(1|2|4|8|12) \\* \\* \\? \\*',
  `${MINUTE} ${HOUR} (\\* \\* \\?|\\? \\* \\*) \\*`,
  `${MINUTE} ${HOUR} \\? \\* ${DAY} \\*`,
  `${MINUTE} ${HOUR} \\? \\* ${DAY}(#[1-5]|L) \\*`,
].map((form) => new RegExp(`^cron\\((0 )?${form}\\)$`));

const RATE = /^rate\((?:(1) (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)$/;
const AT = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/;

/** Throws InvalidSchedule for what associations do not support. */
export function validateSchedule(expression: string): void {
  const minutes = rateMinutes(expression);
  const isRate = minutes !== undefined && minutes >= 30 && minutes < 31 * 1440;
  if (isRate || CRON_FORMS.some((form) => form.test(expression)) || atTime(expression) !== undefined) return;
  throw new ApiError('InvalidSchedule', `The schedule expression ${expression} is not supported for associations.`);
}

/**
 * The next run after a moment, in milliseconds; `undefined` where none comes. `since`: when the association was made or
 * changed: rates count from it, and what a cron expression had before it does not run, late with an offset neither [doc].
 */
export function nextRun(
  expression: string,
  { since, after, offsetDays }: { readonly since: number; readonly after: number; readonly offsetDays: number },
): number | undefined {
  const minutes = rateMinutes(expression);
  if (minutes !== undefined) {
    const periods = Math.floor((after - since) / (minutes * MINUTE_MS)) + 1;
    return since + periods * minutes * MINUTE_MS;
  }
  const once = atTime(expression);
  if (once !== undefined) return once > after ? once : undefined;
  const offset = offsetDays * DAY_MS;
  return nextOfCron(expression, Math.max(since, after - offset)) + offset;
}

function rateMinutes(expression: string): number | undefined {
  const match = RATE.exec(expression);
  if (match === null) return undefined;
  const unit = (match[2] ?? match[4] ?? '').replace(/s$/, '');
  return Number(match[1] ?? match[3]) * (unit === 'day' ? 1440 : unit === 'hour' ? 60 : 1);
}

function atTime(expression: string): number | undefined {
  const time = Date.parse(`${AT.exec(expression)?.[1]}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Looks at minute after minute, and leaves out the days that are none of its. */
function nextOfCron(expression: string, after: number): number {
  const fields = expression.replace(/^cron\(|\)$/g, '').split(' ');
  const [minutes = '', hours = '', , , weekday = ''] = fields.length === 7 ? fields.slice(1) : fields;
  for (let time = Math.floor(after / MINUTE_MS) * MINUTE_MS + MINUTE_MS; ; time += MINUTE_MS) {
    const moment = new Date(time);
    if (!isDay(weekday, moment)) time = Math.ceil((time + 1) / DAY_MS) * DAY_MS - MINUTE_MS;
    else if (isIn(hours, moment.getUTCHours()) && isIn(minutes, moment.getUTCMinutes())) return time;
  }
}

/** `*`, a number, or a step from the first one on. */
function isIn(field: string, value: number): boolean {
  const [from = '', step] = field.split('/');
  if (step === undefined) return from === '*' || Number(from) === value;
  return (value - Number(from === '*' ? 0 : from)) % Number(step) === 0;
}

const NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function isDay(field: string, moment: Date): boolean {
  if (field === '*' || field === '?') return true;
  const [, name = '', which = ''] = /^(\w+?)(#\d|L)?$/.exec(field) ?? [];
  const day = /^\d$/.test(name) ? Number(name) - 1 : NAMES.indexOf(name);
  if (moment.getUTCDay() !== day) return false;
  const date = moment.getUTCDate();
  const lastDate = new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + 1, 0)).getUTCDate();
  if (which === 'L') return date > lastDate - 7;
  return which === '' || Math.floor((date - 1) / 7) + 1 === Number(which.slice(1));
}
