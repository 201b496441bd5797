import * as v from 'valibot';
import { expect, test } from 'vitest';
import { falseGrades, missOf } from '../../../../src/lab/rehearsal/missed-set.ts';
import { SnapshotId } from '../../../../src/shared/ids.ts';
import type { Result } from '../../../../src/shared/result.ts';
import { TAG } from '../../../../src/shared/tags.ts';

const ended = (outcome: Result['outcome'], code?: string): Result => ({
  ...{ v: 1, run: 'r', instance: 'i-0', outcome, message: 'because' },
  ...(code && { code }),
});

test('a run that is done missed nothing', () => {
  expect(missOf(ended('done'))).toBeUndefined();
});

test.each([
  ['failed', 'plan-changed'],
  ['failed', 'set-broken'],
  ['refused', 'server-unsupported'],
  ['failed', 'lock-refused'],
] as const)('a run that %s with %s is expected while the world changes', (outcome, code) => {
  expect(missOf(ended(outcome, code))).toEqual({ code, message: 'because' });
});

test.each([
  ['unsafe', 'thaw-failed'],
  ['unsafe', 'applier-stopped'],
  ['failed', 'bug'],
  ['refused', 'usage'],
] as const)('a run that ended %s with %s ends the rehearsal', (outcome, code) => {
  expect(() => missOf(ended(outcome, code))).toThrow(expect.objectContaining({ code, message: 'i-0: because' }));
});

test('so does a code that no table has; a host without a result is missing', () => {
  expect(() => missOf(ended('failed', 'odd'))).toThrow(expect.objectContaining({ code: 'bug' }));
  expect(missOf(undefined)).toMatchObject({ code: 'host-missing' });
});

test.each([
  ['application', 1],
  ['crash', 1],
  ['broken', 0],
  ['unproven', 0],
])('what such a run left must not be graded %s: %d complaints', (grade, complaints) => {
  const snapshots = [{ snapshotId: v.parse(SnapshotId, 'snap-0123456789abcdef0'), tags: { [TAG.grade]: grade } }];
  expect(falseGrades({ code: 'plan-changed', message: 'because' }, snapshots)).toHaveLength(complaints);
});
