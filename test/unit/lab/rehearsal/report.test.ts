import { expect, test } from 'vitest';
import { median, type RehearsedHost, reportOf } from '../../../../src/lab/rehearsal/report.ts';

test.each([
  [[], 0],
  [[7], 7],
  [[9, 1], 5],
  [[9, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

const host = (apiMs: number, complaints: readonly string[]): RehearsedHost => ({
  instanceId: 'i-0123456789abcdef0',
  result: { v: 1, run: 'r', outcome: 'done', apiMs, stallMs: apiMs + 50, frozenMs: apiMs + 20 },
  proof: { ackedLost: complaints.length, beyondCoordinates: 0, coordinatesExact: complaints.length === 0, complaints },
  commits: 100,
  longestCommitMs: 300.4,
});

test('the result line, field by field and in its order', () => {
  expect(JSON.stringify(reportOf([host(300, []), host(310, [])]))).toBe(
    '{"v":1,"outcome":"done","hosts":2,"ackedLost":0,"beyondCoordinates":0,"coordinatesExact":true,"apiMs":305,"stallMs":[350,360],"frozenMs":[320,330]}',
  );
});

test('one host that is not proven fails the whole', () => {
  expect(reportOf([host(300, []), host(310, ['1 commit is not in the set'])])).toMatchObject({
    outcome: 'failed',
    ackedLost: 1,
    coordinatesExact: false,
  });
});
