import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../src/agent/events.ts';
import { resultOf } from '../../../../src/agent/report/result-of.ts';
import { summary } from '../../../../src/agent/report/summary.ts';

const begun: readonly Event[] = [
  { type: 'run-started', run: 'r1', level: 'application', version: '1' },
  { type: 'instance-known', instance: 'i-1', region: 'eu-west-1' },
  {
    type: 'planned',
    set: 'r1/i-1',
    level: 'application',
    volumes: ['vol-1', 'vol-2'],
    freezes: ['/data'],
    syncs: [],
    excludes: 0,
  },
];
const taken: readonly Event[] = [
  ...begun,
  { type: 'window-closed', stallMs: 400, frozenMs: 350 },
  { type: 'coordinates-recorded', coordinates: { binlog: { file: 'b.1', position: 9 }, gtid: '0-1-2' } },
  { type: 'set-created', set: 'r1/i-1', snapshots: ['snap-1', 'snap-2'], apiMs: 300 },
];

describe('the result of a run', () => {
  it('is done with everything that its events told', () => {
    expect(
      resultOf([...taken, { type: 'graded', grade: 'application' }, { type: 'run-ended', ms: 900, ending: 'done' }]),
    ).toEqual({
      v: 1,
      run: 'r1',
      instance: 'i-1',
      level: 'application',
      outcome: 'done',
      set: 'r1/i-1',
      members: 2,
      stallMs: 400,
      stallTotalMs: 400,
      frozenMs: 350,
      binlog: 'b.1:9',
      gtid: '0-1-2',
      grade: 'application',
      apiMs: 300,
      snapshots: ['snap-1', 'snap-2'],
      ms: 900,
    });
  });

  it('of a run that never got the lock tells the stall all the same', () => {
    const ending = { code: 'lock-timeout', message: 'm', hint: 'h' } as const;
    const tries: Event[] = [
      { type: 'lock-not-granted', attempt: 1, stallMs: 3004 },
      { type: 'lock-not-granted', attempt: 2, stallMs: 0 },
    ];
    expect(resultOf([...begun, ...tries, { type: 'run-ended', ms: 5, ending }])).toMatchObject({ stallMs: 3004 });
  });

  it('tells the longest stall, and all of them together', () => {
    const tries: Event[] = [
      { type: 'lock-not-granted', attempt: 1, stallMs: 3004 },
      { type: 'lock-not-granted', attempt: 2, stallMs: 1000 },
      { type: 'window-closed', stallMs: 400, frozenMs: 350 },
    ];
    const result = resultOf([...begun, ...tries, { type: 'run-ended', ms: 5, ending: 'done' }]);
    expect(result).toMatchObject({ stallMs: 3004, stallTotalMs: 4404 });
    expect(summary(result)).toContain('stall      3004 ms (in all tries together 4404 ms)\n');
  });

  it('of a run that was refused names no grade and no snapshots', () => {
    const ending = { code: 'storage-unfit', message: 'm', hint: 'h' } as const;
    expect(resultOf([...begun, { type: 'run-ended', ms: 5, ending }])).toEqual({
      v: 1,
      run: 'r1',
      instance: 'i-1',
      level: 'application',
      set: 'r1/i-1',
      members: 2,
      outcome: 'refused',
      code: 'storage-unfit',
      message: 'm',
      hint: 'h',
      ms: 5,
    });
  });

  it('of a set that was taken but never graded stays unproven', () => {
    const ending = { code: 'grade-unwritten', message: 'm', hint: 'h' } as const;
    expect(resultOf([...taken, { type: 'run-ended', ms: 5, ending }])).toMatchObject({
      outcome: 'failed',
      grade: 'unproven',
    });
  });

  it('of an outcome that is not known is unsafe, and names what was found', () => {
    const ending = { code: 'outcome-unknown', message: 'm', hint: 'h' } as const;
    const events: Event[] = [
      ...begun,
      { type: 'looked-up', set: 'r1/i-1', found: ['snap-1'] },
      { type: 'run-ended', ms: 5, ending },
    ];
    expect(resultOf(events)).toMatchObject({ outcome: 'unsafe', grade: 'unproven', snapshots: ['snap-1'] });
  });

  it('tells what was asked for until it is decided, and then what is done', () => {
    const asked: Event[] = [{ type: 'run-started', run: 'r1', level: 'auto', version: '1' }];
    const planned: Event = {
      type: 'planned',
      set: 'r1/i-1',
      level: 'crash',
      volumes: ['vol-1'],
      freezes: [],
      syncs: [],
      excludes: 0,
    };
    expect(resultOf(asked)).toMatchObject({ level: 'auto' });
    const crash = resultOf([
      ...asked,
      planned,
      { type: 'set-created', set: 'r1/i-1', snapshots: ['snap-1'], apiMs: 300 },
      { type: 'graded', grade: 'crash' },
      { type: 'run-ended', ms: 900, ending: 'done' },
    ]);
    expect(crash).toMatchObject({ level: 'crash', grade: 'crash', outcome: 'done' });
    for (const field of ['stallMs', 'frozenMs', 'binlog', 'gtid']) expect(crash).not.toHaveProperty(field);
  });
});
