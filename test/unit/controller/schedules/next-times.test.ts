import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstOverlap } from '../../../../src/controller/schedules/first-overlap.ts';
import { nextTimes } from '../../../../src/controller/schedules/next-times.ts';
import { parseCron, readSchedule } from '../../../../src/controller/schedules/parse-schedule.ts';
import { expressionOf } from '../../../../src/controller/schedules/schedule.ts';
import { nextRun, validateSchedule } from '../../../../src/lab/aws/ssm/association-schedule.ts';
import { anyCadence } from './some-cadences.ts';

const NOW = new Date('2026-11-26T03:00:00Z'); // a Thursday
const HOUR_MS = 3_600_000;

const next = (expression: string, more: { offsetDays?: number; since?: string; count?: number } = {}) => {
  const schedule = readSchedule(expression);
  if (schedule === undefined) throw new Error(`${expression} is none`);
  const { offsetDays, since = NOW.toISOString(), count = 3 } = more;
  return nextTimes(schedule, { since: new Date(since), after: NOW, count, offsetDays }).map((time) =>
    time.toISOString().slice(0, 16),
  );
};

describe('the next times', () => {
  it.each([
    ['cron(0/30 * * * ? *)', ['2026-11-26T03:30', '2026-11-26T04:00', '2026-11-26T04:30']],
    ['cron(0 0/8 * * ? *)', ['2026-11-26T08:00', '2026-11-26T16:00', '2026-11-27T00:00']],
    ['cron(0 3 ? * * *)', ['2026-11-27T03:00', '2026-11-28T03:00', '2026-11-29T03:00']],
    ['cron(1 3 ? * * *)', ['2026-11-26T03:01', '2026-11-27T03:01', '2026-11-28T03:01']],
    ['cron(15 13 ? * MON *)', ['2026-11-30T13:15', '2026-12-07T13:15', '2026-12-14T13:15']],
    ['cron(30 23 ? * TUE#3 *)', ['2026-12-15T23:30', '2027-01-19T23:30', '2027-02-16T23:30']],
    ['cron(0 0 ? * SUN#5 *)', ['2026-11-29T00:00', '2027-01-31T00:00', '2027-05-30T00:00']],
    ['cron(0 0 ? * 3L *)', ['2026-12-29T00:00', '2027-01-26T00:00', '2027-02-23T00:00']],
    ['rate(12 hours)', ['2026-11-26T15:00', '2026-11-27T03:00', '2026-11-27T15:00']],
    ['at(2026-11-26T03:00:01)', ['2026-11-26T03:00']],
    ['at(2026-11-26T03:00:00)', []],
  ])('of %s', (expression, times) => {
    expect(next(expression)).toEqual(times);
  });

  it('come so many days after the times of the expression, of those that were after it was made', () => {
    expect(next('cron(0 0 ? * THU#2 *)', { offsetDays: 3, count: 1 })).toEqual(['2026-12-13T00:00']);
    const weekly = 'cron(0 3 ? * WED *)'; // yesterday
    expect(next(weekly, { offsetDays: 2, count: 1 })).toEqual(['2026-12-04T03:00']);
    expect(next(weekly, { offsetDays: 2, count: 1, since: '2026-11-20T00:00:00Z' })).toEqual(['2026-11-27T03:00']);
  });

  it('of a rate count from its start', () => {
    expect(next('rate(5 hours)', { since: '2026-11-26T01:00:00Z', count: 2 })).toEqual([
      '2026-11-26T06:00',
      '2026-11-26T11:00',
    ]);
  });

  it('rise, and come after the moment that was asked about', () => {
    const moment = fc.date({ min: new Date('2026-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(anyCadence, moment, fc.integer({ min: 0, max: 6 }), (cadence, after, offsetDays) => {
        const times = nextTimes({ kind: 'cron', cadence }, { since: after, after, count: 5, offsetDays });
        expect(times).toHaveLength(5);
        let before = after.getTime() + offsetDays * 24 * HOUR_MS;
        for (const time of times) {
          expect(time.getTime()).toBeGreaterThan(before);
          before = time.getTime();
        }
      }),
    );
  });

  it('are those of another reading of the documentation, which takes what we send', () => {
    const moment = fc.date({ min: new Date('2026-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    const rate = fc.integer({ min: 30, max: 31 * 1440 - 1 }).map((minutes) => ({ kind: 'rate', minutes }) as const);
    const schedule = fc.oneof(
      anyCadence.map((cadence) => ({ kind: 'cron', cadence }) as const),
      rate,
    );
    const offset = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(schedule, moment, fc.integer({ min: 0, max: 40 * 24 }), offset, (schedule, since, hours, days) => {
        const offsetDays = schedule.kind === 'rate' ? 0 : days;
        const after = new Date(since.getTime() + hours * HOUR_MS);
        validateSchedule(expressionOf(schedule));
        const [ours] = nextTimes(schedule, { since, after, count: 1, offsetDays });
        expect(ours?.getTime()).toBe(
          nextRun(expressionOf(schedule), { since: since.getTime(), after: after.getTime(), offsetDays }),
        );
      }),
    );
  });
});

describe('two schedules', () => {
  const meeting = (one: string, other: string) =>
    firstOverlap(parseCron(one).cadence, parseCron(other).cadence, HOUR_MS, NOW)?.toISOString().slice(0, 16);

  it.each([
    ['0 3 * * *', '0 3 * * *', '2026-11-27T03:00'],
    ['0 4 * * *', '59 4 * * *', '2026-11-26T04:59'],
    ['0 3 * * *', '0 4 * * *', undefined],
    ['30 23 * * *', '0 0 * * *', '2026-11-27T00:00'],
    ['0 3 * * 1', '0 3 * * 2', undefined],
    ['0 3 * * 1', '0 */4 * * *', undefined],
    ['30 3 * * 1', '0 */4 * * *', '2026-11-30T04:00'],
    ['*/30 * * * *', '10 3 * * 1', '2026-11-30T03:10'],
    ['cron(0 3 ? * TUE#4 *)', 'cron(0 3 ? * 3L *)', '2027-01-26T03:00'],
    ['cron(30 23 ? * 1L *)', 'cron(0 0 ? * MON#1 *)', '2027-02-01T00:00'],
    ['cron(0 3 ? * TUE#1 *)', 'cron(0 3 ? * TUE#2 *)', undefined],
  ])('%s and %s meet at %s', (one, other, time) => {
    expect(meeting(one, other)).toBe(time);
    expect(meeting(other, one)).toBe(time);
  });
});
