import { RunError } from '../../shared/errors.ts';
import { awsCronFields, crontabFields } from './cron-fields.ts';
import { inWords } from './describe-schedule.ts';
import { expressionOf, inUnits, type Schedule } from './schedule.ts';
import { cadenceOf, nearest, whyRefused } from './supported-cadences.ts';

type Cron = Extract<Schedule, { kind: 'cron' }>;
type Rate = Extract<Schedule, { kind: 'rate' }>;

/**
 * A crontab's five fields, or `cron(…)` with State Manager's six. What it means is what counts: other spellings of what
 * State Manager has are taken too. Throws `usage`, with the nearest that State Manager takes.
 */
export function parseCron(text: string): Cron {
  const fields = /^\s*cron\(/.test(text) ? awsCronFields(text) : crontabFields(text);
  const cadence = cadenceOf(fields);
  if (cadence !== undefined) return { kind: 'cron', cadence };
  const instead = nearest(fields).map((each): Cron => ({ kind: 'cron', cadence: each }));
  throw new RunError('usage', `State Manager does not take '${text}': it ${whyRefused(fields)}`, {
    hint: `Nearest: ${instead.map((each) => `'${expressionOf(each)}' (${inWords(each)})`).join(', or ')}.`,
  });
}

const UNITS: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };
/** From 30 minutes on, and less than 31 days [doc]. */
const RATE = { least: 30, most: 31 * 1440 - 1 } as const;
const LONGEST_WHOLE_DAYS = 30 * 1440;

/** `12 hours`, or `rate(12 hours)`. Throws `usage`, with the nearest that State Manager takes. */
export function parseRate(text: string): Rate {
  const [, count, unit = ''] = /^(?:rate\()?\s*(\d{1,6})\s+(minute|hour|day)s?\s*\)?$/.exec(text.trim()) ?? [];
  const minutes = count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 0);
  if (minutes === undefined) {
    throw new RunError('usage', `'${text}' is no rate`, {
      hint: "Give whole minutes, hours or days, like '12 hours'; State Manager takes 30 minutes to less than 31 days.",
    });
  }
  if (minutes >= RATE.least && minutes <= RATE.most) return { kind: 'rate', minutes };
  const near = inUnits(minutes < RATE.least ? RATE.least : LONGEST_WHOLE_DAYS);
  throw new RunError(
    'usage',
    `State Manager does not take '${text}': it takes rates of 30 minutes to less than 31 days`,
    {
      hint: `Nearest: '${near}'.`,
    },
  );
}

/**
 * An expression as an association has it, whoever wrote it there; `undefined` where it is none that we know the times
 * of.
 */
export function readSchedule(expression: string): Schedule | undefined {
  try {
    if (expression.startsWith('cron(')) return parseCron(expression);
    if (expression.startsWith('rate(')) return parseRate(expression);
  } catch (thrown) {
    if (thrown instanceof RunError) return undefined;
    throw thrown;
  }
  const [, time] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression) ?? [];
  const at = new Date(`${time}Z`);
  return Number.isNaN(at.getTime()) ? undefined : { kind: 'at', time: at };
}
