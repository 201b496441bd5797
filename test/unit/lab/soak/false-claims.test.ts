import { describe, expect, it } from 'vitest';
import { type Evidence, falseClaims } from '../../../../src/lab/soak/false-claims.ts';
import type { Result } from '../../../../src/shared/result.ts';
import { TAG, type Tags } from '../../../../src/shared/tags.ts';

const GTID = '0-1-42';
const tags = (grade: string, other: Tags = {}): Tags => ({
  [TAG.grade]: grade,
  [TAG.members]: '2',
  [TAG.binlog]: 'mysql-bin.000003:1234',
  [TAG.gtid]: GTID,
  ...other,
});
const result = (outcome: Result['outcome'], more: Partial<Result> = {}): Result => ({
  v: 1,
  run: 'r',
  outcome,
  ...more,
});
const ended = (status: number, told?: Result): Evidence['ending'] => ({ status, signal: null, result: told });
const killed: Evidence['ending'] = { status: null, signal: 'SIGKILL', result: undefined };

const truth = { unfrozen: [], uncovered: [], lost: [], gtidAtEnd: GTID, gtidAtTag: GTID };
const done: Evidence = {
  ending: ended(0, result('done', { grade: 'application' })),
  snapshots: [tags('application'), tags('application')],
  members: 2,
  truth,
};
const nothing = { snapshots: [], members: 2, truth: undefined };
const unproven = { ...done, snapshots: [tags('unproven'), tags('unproven')] };

describe('an honest run tells no lie:', () => {
  it.each<[string, Evidence]>([
    ['done', done],
    [
      'done, with a volume more than is due in any case',
      { ...done, snapshots: [1, 2, 3].map(() => tags('application', { [TAG.members]: '3' })) },
    ],
    [
      'a broken set that lacks what came after the plan',
      {
        ...done,
        ending: ended(36, result('failed', { code: 'set-broken', grade: 'broken' })),
        snapshots: [tags('broken'), tags('broken')],
        truth: { ...truth, uncovered: ['/other lay on vol-3, which the set does not hold'] },
      },
    ],
    ['killed before EC2 was asked', { ...nothing, ending: killed }],
    ['killed in the window', { ...unproven, ending: killed, truth: { ...truth, unfrozen: ['/data was not frozen'] } }],
    ['killed after the grade', { ...done, ending: killed }],
    ['killed after the result', { ...done, ending: { ...done.ending, status: null, signal: 'SIGKILL' } }],
    ['cancelled', { ...nothing, ending: ended(130, result('failed', { code: 'cancelled' })) }],
    [
      'a broken set',
      {
        ...done,
        ending: ended(36, result('failed', { code: 'set-broken', grade: 'broken' })),
        snapshots: [tags('broken'), tags('broken')],
        truth: { ...truth, unfrozen: ['/data was not frozen'], gtidAtEnd: '0-1-50' },
      },
    ],
    ['an unknown outcome', { ...unproven, ending: ended(52, result('unsafe', { code: 'outcome-unknown' })) }],
  ])('%s', (_, evidence) => {
    expect(falseClaims(evidence)).toEqual([]);
  });
});

describe('a lie is told:', () => {
  it.each<[string, Evidence, string]>([
    ['not frozen', { ...done, truth: { ...truth, unfrozen: ['/data was not frozen'] } }, 'but /data was not frozen'],
    [
      'a table elsewhere',
      { ...done, truth: { ...truth, uncovered: ['/other lay on vol-3, which the set does not hold'] } },
      'but /other lay on vol-3, which the set does not hold',
    ],
    [
      'commits that were not durable',
      { ...done, truth: { ...truth, lost: ['3 of 40 rows that were acknowledged before are not in its image'] } },
      'but 3 of 40 rows',
    ],
    ['not seen taken', { ...done, truth: undefined }, 'but nobody saw it taken'],
    ['a commit more', { ...done, truth: { ...truth, gtidAtEnd: '0-1-43' } }, 'the binary log ended at 0-1-43'],
    ['a wrong place', { ...done, truth: { ...truth, gtidAtTag: '0-1-41' } }, 'which is gtid 0-1-41'],
    [
      'no place at all',
      { ...done, truth: { ...truth, gtidAtTag: undefined } },
      'mysql-bin.000003:1234, which is gtid undef',
    ],
    ['half a set', { ...done, ending: killed, snapshots: [tags('application')] }, '1 of 2 snapshots'],
    [
      'a set of another size',
      { ...done, snapshots: done.snapshots.map((each) => ({ ...each, [TAG.members]: '3' })) },
      '2 of 2',
    ],
    [
      'done but unproven',
      { ...done, snapshots: unproven.snapshots },
      'says done and application, EC2 has 2 snapshots graded unp',
    ],
    ['done without a set', { ...done, ...nothing }, 'EC2 has 0 snapshots graded nothing'],
    ['done with another status', { ...done, ending: { ...done.ending, status: 30 } }, 'says done and ends with 30'],
    [
      'refused with a set',
      { ...unproven, ending: ended(25, result('refused', { code: 'long-statement' })) },
      'says long-statement and names no set, EC2 has 2',
    ],
    [
      'another grade',
      { ...unproven, ending: ended(36, result('failed', { code: 'set-broken', grade: 'broken' })) },
      'says broken, EC2 has 2 snapshots graded unproven',
    ],
    [
      'unsafe with a good set',
      { ...done, ending: ended(52, result('unsafe', { code: 'outcome-unknown' })) },
      'says outcome-unknown, EC2 has 2 snapshots graded application',
    ],
    [
      'a bug',
      { ...nothing, ending: ended(1, result('failed', { code: 'bug', message: 'oh' })) },
      'did not foresee: oh',
    ],
    ['no result', { ...nothing, ending: ended(0) }, 'ended with 0 and no result'],
  ])('%s', (_, evidence, named) => {
    expect(falseClaims(evidence).join('\n')).toContain(named);
  });
});
