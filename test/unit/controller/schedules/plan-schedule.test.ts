import { describe, expect, it } from 'vitest';
import { parseCron, parseRate } from '../../../../src/controller/schedules/parse-schedule.ts';
import { planChange, planSchedule, type ScheduleChange } from '../../../../src/controller/schedules/plan-schedule.ts';
import { associationName, scheduleOf } from '../../../../src/controller/schedules/schedule-name.ts';
import { associationOf, NIGHTLY, NO_CHANGE, newNightly, roleAt, settingsOf } from './some-schedules.ts';

describe('a new schedule', () => {
  it('is an association that waits for its time, pinned to a version', () => {
    expect(planSchedule(newNightly(), '3')).toEqual([settingsOf()]);
  });

  it('with roles is one for each', () => {
    const planned = planSchedule(
      newNightly({ parts: [roleAt('replica', '0 3 * * *'), roleAt('the source', '0 5 * * 0')] }),
      '3',
    );
    expect(planned.map(({ name, expression, targets }) => [name, expression, targets.at(-1)])).toEqual([
      ['mysql-ebs-snapshot.nightly.replica', 'cron(0 3 ? * * *)', { key: 'tag:Role', values: ['replica'] }],
      ['mysql-ebs-snapshot.nightly.the-source', 'cron(0 5 ? * SUN *)', { key: 'tag:Role', values: ['the source'] }],
    ]);
  });

  it('refuses roles whose associations would have the same name', () => {
    const parts = [roleAt('a b', '0 3 * * *'), roleAt('a-b', '0 5 * * *')] as const;
    expect(() => planSchedule(newNightly({ parts }), '3')).toThrow(/the same association, '.*\.a-b'/);
  });
});

describe('the name of an association', () => {
  it.each([
    [undefined, 'mysql-ebs-snapshot.nightly', undefined],
    ['replica', 'mysql-ebs-snapshot.nightly.replica', 'replica'],
    ['db.r/1', 'mysql-ebs-snapshot.nightly.db.r-1', 'db.r-1'],
  ])('of role %s tells schedule and role', (role, name, told) => {
    expect(associationName(NIGHTLY, role)).toBe(name);
    expect(scheduleOf(name)).toEqual({ name: 'nightly', role: told });
  });

  it.each(['nightly', 'mysql-ebs-snapshot', 'mysql-ebs-snapshot.', 'mysql-ebs-snapshot.a b', 'xmysql-ebs-snapshot.a'])(
    '%j is none of ours',
    (name) => {
      expect(scheduleOf(name)).toBeUndefined();
    },
  );

  it.each(['', 'x'.repeat(65)])('cannot hold the role %j', (role) => {
    expect(() => associationName(NIGHTLY, role)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('a change', () => {
  const full = associationOf({
    expression: 'cron(0 3 ? * TUE#2 *)',
    offsetDays: 2,
    severity: 'high',
    output: { bucket: 'b', prefix: 'p', region: 'eu-west-1' },
    durationHours: 4,
    maxConcurrency: '10%',
  });
  const change = (more: Partial<ScheduleChange>, before = [full], version = '3') =>
    planChange(before, { ...NO_CHANGE, ...more }, version)[0];

  it('keeps what it does not name', () => {
    expect(change({})).toEqual(full.settings);
    expect(change({ schedules: new Map([[undefined, parseCron('0 4 * * 2')]]) })).toEqual({
      ...full.settings,
      expression: 'cron(0 4 ? * TUE *)',
    });
    expect(change({ parameters: { Splay: '60', Level: 'auto' } })?.parameters).toEqual({
      Operation: ['snapshot'],
      Splay: ['60'],
      Level: ['auto'],
    });
  });

  it('takes away what it is told to', () => {
    const none = { offsetDays: 'none', output: 'none', durationHours: 'none' } as const;
    expect(change(none)).toMatchObject({ offsetDays: undefined, output: undefined, durationHours: undefined });
  });

  it("pins this program's document where it is told to, else the old one stays", () => {
    expect(change({ repin: true }, [full], '4')?.document.version).toBe('4');
    expect(change({ severity: 'low' }, [full], '4')?.document.version).toBe('3');
    expect(() => change({ parameters: { Level: 'auto' } }, [full], '4')).toThrow(/pinned to version 3/);
    expect(change({ parameters: { Level: 'auto' }, repin: true }, [full], '4')?.document.version).toBe('4');
  });

  it('holds a schedule to its times, unless it is to run at once', () => {
    const eager = associationOf({ applyOnlyAtCronInterval: false });
    expect(change({ severity: 'low' }, [eager])?.applyOnlyAtCronInterval).toBe(true);
    expect(change({ severity: 'low', runNow: true }, [eager])?.applyOnlyAtCronInterval).toBe(false);
    const rate = associationOf({ applyOnlyAtCronInterval: false, expression: 'rate(1 day)' });
    for (const before of [rate, associationOf({ applyOnlyAtCronInterval: false, expression: undefined })])
      expect(() => change({ severity: 'low' }, [before])).toThrow(/runs a rate at once/);
    expect(change({ severity: 'low', runNow: true }, [rate])?.severity).toBe('low');
    expect(() => change({ schedules: new Map([[undefined, parseRate('1 day')]]) })).toThrow(/runs a rate at once/);
  });

  it('is for the roles that there are', () => {
    const roles = [
      associationOf({ name: 'mysql-ebs-snapshot.nightly.replica' }),
      associationOf({ name: 'mysql-ebs-snapshot.nightly.source', expression: 'cron(0 5 ? * * *)' }),
    ];
    const four = parseCron('0 4 * * *');
    const planned = planChange(roles, { ...NO_CHANGE, schedules: new Map([['source', four]]), severity: 'low' }, '3');
    expect(planned.map(({ expression, severity }) => [expression, severity])).toEqual([
      ['cron(0 3 ? * * *)', 'low'],
      ['cron(0 4 ? * * *)', 'low'],
    ]);
    expect(() => change({ schedules: new Map([[undefined, four]]) }, roles)).toThrow(/names no role/);
    expect(() => change({ schedules: new Map([['web', four]]) }, roles)).toThrow(
      expect.objectContaining({ message: "it has no role 'web'", hint: expect.stringContaining('replica, source') }),
    );
    expect(() => change({ schedules: new Map([['web', four]]) })).toThrow(/no role 'web'/);
    expect(() => change({ runNow: true }, roles)).toThrow(/all roles together/);
    expect(() => change({ scope: { by: 'tags', tags: [] } }, roles)).toThrow(/targets of a schedule with roles/);
  });
});
