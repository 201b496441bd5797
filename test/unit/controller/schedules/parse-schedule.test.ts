import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inWords } from '../../../../src/controller/schedules/describe-schedule.ts';
import { parseCron, parseRate, readSchedule } from '../../../../src/controller/schedules/parse-schedule.ts';
import { expressionOf } from '../../../../src/controller/schedules/schedule.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { anyCadence } from './some-cadences.ts';

const GIVEN = [
  // As the documentation has them.
  'cron(0/30 * * * ? *)',
  'cron(0 */30 * * * ? *)',
  'cron(0 0/1 * * ? *)',
  'cron(0 0/2 * * ? *)',
  'cron(0 0/4 * * ? *)',
  'cron(0 0/8 * * ? *)',
  'cron(0 0/12 * * ? *)',
  'cron(15 13 ? * * *)',
  'cron(15 13 ? * MON *)',
  'cron(30 23 ? * TUE#3 *)',
  'cron(0 0 ? * THU#2 *)',
  'cron(0 0 ? * 3L *)',
  'cron(0 0 2 ? * SUN *)',
  // Other spellings of the same.
  'cron(0 3 * * ? *)',
  'cron(0 3 1/1 * ? *)',
  'cron(05 03 ? JAN-DEC mon *)',
  'cron(0 0,8,16 * * ? *)',
  'cron(0,30 * * * ? *)',
  'cron(0 0 ? * 3#5 *)',
  'cron(0 0 ? * FRIL *)',
  'cron(0 3 ? * SUN-SAT *)',
  // Crontabs.
  '0 3 * * *',
  ' 30   2 * * 0 ',
  '30 2 * * 7',
  '30 2 * * sat',
  '*/30 * * * *',
  '0 * * * *',
  '0 */4 * * *',
  '0 0,12 * * *',
  // What State Manager does not have.
  '0 */6 * * *',
  '0 */3 * * *',
  '*/5 * * * *',
  '*/15 * * * *',
  '15 * * * *',
  '30 */4 * * *',
  '0 3,15 * * *',
  '0 9-17 * * *',
  '0 3 * * 1-5',
  '0 3,15 * * 1',
  '0 3,15 * * 1-5',
  '0 3 1 * *',
  '0 3 15 * *',
  '0 3 31 * *',
  '0 */2 1 * *',
  '0 3 * 1,7 *',
  '0 3 1 1 *',
  'cron(0 3 L * ? *)',
  'cron(0 3 15W * ? *)',
  'cron(0 3 ? * * 2027)',
  'cron(0 3,4 ? * TUE#3 *)',
  // What is none.
  'cron(0 3 * * * *)',
  'cron(0 3 * * MON *)',
  'cron(0 3 15 * * *)',
  'cron(0 3 ? * ? *)',
  'cron(0 3 1 * MON *)',
  'cron(0 3 * * *)',
  'cron(30 0 3 ? * * *)',
  'cron(0 3 ? * TUE#6 *)',
  'cron(0 3 ? * TUE,WED#2 *)',
  'cron(0 3 ? * 0 *)',
  '0 3 1 * 1',
  '0 24 * * *',
  '60 3 * * *',
  '0 5-3 * * *',
  '*/0 * * * *',
  '*/00 * * * *',
  '0 3 * *',
  'daily',
  '',
];

/** What becomes of a text: the expression and the words, or the message and the hint. */
function answer(parse: () => ReturnType<typeof parseCron | typeof parseRate>): string {
  try {
    const schedule = parse();
    return `${expressionOf(schedule)}\n    ${inWords(schedule)}`;
  } catch (thrown) {
    if (!(thrown instanceof RunError) || thrown.code !== 'usage') throw thrown;
    return `${thrown.message}\n    hint: ${thrown.hint}`;
  }
}

describe('cron', () => {
  it('is taken, or refused with the nearest', async () => {
    const table = GIVEN.map((text) => `${JSON.stringify(text)}\n    ${answer(() => parseCron(text))}\n`).join('');
    await expect(table).toMatchFileSnapshot(join(import.meta.dirname, 'cron.golden.txt'));
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(anyCadence, (cadence) => {
        const schedule = { kind: 'cron', cadence } as const;
        expect(parseCron(expressionOf(schedule))).toEqual(schedule);
      }),
    );
  });

  const field = (from: number, to: number) => {
    const value = fc.integer({ min: from, max: to }).map(String);
    const range = fc.tuple(value, value).map(([a, b]) => (Number(a) <= Number(b) ? `${a}-${b}` : `${b}-${a}`));
    const step = fc.tuple(fc.constantFrom('*', String(from)), fc.integer({ min: 1, max: to })).map((p) => p.join('/'));
    const item = fc.oneof(value, range, step, fc.constant('*'));
    return fc.oneof(
      fc.constant('*'),
      item,
      fc.array(item, { minLength: 2, maxLength: 3 }).map((items) => items.join(',')),
    );
  };
  const crontab = fc.oneof(
    fc.tuple(field(0, 59), field(0, 23), fc.constant('*'), field(1, 12), field(0, 7)),
    fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), fc.constant('*')),
  );

  it('of a crontab has the times of the crontab, or names what State Manager takes', () => {
    fc.assert(
      fc.property(crontab, (fields) => {
        const text = fields.join(' ');
        const said = answer(() => parseCron(text));
        const [expression = '', words = ''] = said.split('\n    ');
        if (!words.startsWith('hint: ')) {
          expect(timesOfWeek(expression.replace(/^cron\((.*) \*\)$/, '$1').replaceAll('?', '*'), 1)).toEqual(
            timesOfWeek(text, 0),
          );
          return;
        }
        const named = [...words.matchAll(/'([^']+)' \(/g)].map(([, each = '']) => each);
        expect(named.length).toBeGreaterThan(0);
        for (const each of named) expect(expressionOf(parseCron(each))).toBe(each);
      }),
      { numRuns: 300 },
    );
  });

  it('never breaks on what is none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `cron(${text})`),
        ),
        (text) => void answer(() => parseCron(text)),
      ),
    );
  });
});

/** Slowly, minute by minute, the minutes of one week at which five fields fire; days of the week are counted from `sunday`. */
function timesOfWeek(fields: string, sunday: 0 | 1): readonly string[] {
  const [minutes = '', hours = '', dates = '', months = '', weekdays = ''] = fields
    .replace(/MON|TUE|WED|THU|FRI|SAT|SUN/g, (name) =>
      String(['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'].indexOf(name) + sunday),
    )
    .split(' ');
  const holds = (field: string, value: number, from: number) =>
    field.split(',').some((item) => {
      const [range = '', step = '1'] = item.split('/');
      const [first, last] = range === '*' ? [from, 99] : range.split('-').map(Number);
      const end = last ?? (item.includes('/') ? 99 : first);
      return value >= (first ?? 0) && value <= (end ?? 0) && (value - (first ?? 0)) % Number(step) === 0;
    });
  const found: string[] = [];
  const start = Date.parse('2026-11-01T00:00:00Z');
  for (let minute = 0; minute < 7 * 1440; minute++) {
    const time = new Date(start + minute * 60_000);
    const day = time.getUTCDay();
    if (
      holds(minutes, time.getUTCMinutes(), 0) &&
      holds(hours, time.getUTCHours(), 0) &&
      holds(dates, time.getUTCDate(), 1) &&
      holds(months, time.getUTCMonth() + 1, 1) &&
      (holds(weekdays, day + sunday, sunday) || (sunday === 0 && day === 0 && holds(weekdays, 7, 0)))
    ) {
      found.push(time.toISOString());
    }
  }
  return found;
}

describe('a rate', () => {
  it.each([
    ['12 hours', 'rate(12 hours)', 'every 12 hours, from the start on'],
    ['rate(30 minutes)', 'rate(30 minutes)', 'every 30 minutes, from the start on'],
    ['rate(1 hour)', 'rate(1 hour)', 'every hour, from the start on'],
    ['60 minutes', 'rate(1 hour)', 'every hour, from the start on'],
    ['1 day', 'rate(1 day)', 'every day, from the start on'],
    ['30 days', 'rate(30 days)', 'every 30 days, from the start on'],
  ])('%s is %s', (text, expression, words) => {
    expect([expressionOf(parseRate(text)), inWords(parseRate(text))]).toEqual([expression, words]);
  });

  it.each([
    ['29 minutes', /30 minutes to less than 31 days/, "Nearest: '30 minutes'."],
    ['31 days', /30 minutes to less than 31 days/, "Nearest: '30 days'."],
    ['1.5 hours', /'1.5 hours' is no rate/, expect.stringContaining("'12 hours'")],
    ['hourly', /'hourly' is no rate/, expect.stringContaining("'12 hours'")],
  ])('%s is refused', (text, message, hint) => {
    expect(() => parseRate(text)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message), hint }),
    );
  });
});

describe('the expression of an association', () => {
  it.each([
    ['cron(0 3 ? * * *)', 'every day at 03:00 UTC'],
    ['rate(2 days)', 'every 2 days, from the start on'],
    ['at(2026-12-24T18:00:00)', 'once, at 2026-12-24 18:00 UTC'],
    ['cron(0 3 1 * ? *)', undefined],
    ['at(2026-13-24T18:00:00)', undefined],
    ['whenever', undefined],
  ])('%s is read as %s', (expression, words) => {
    const schedule = readSchedule(expression);
    expect(schedule && inWords(schedule)).toBe(words);
    if (schedule !== undefined) expect(expressionOf(schedule)).toBe(expression);
  });
});
