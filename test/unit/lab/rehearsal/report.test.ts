import * as v from 'valibot';
import { expect, test } from 'vitest';
import { median } from '../../../../src/lab/median.ts';
import { type MissedSet, type RehearsedHost, reportOf, summarize } from '../../../../src/lab/rehearsal/report.ts';
import { InstanceId } from '../../../../src/shared/ids.ts';

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
  instanceId: v.parse(InstanceId, 'i-0123456789abcdef0'),
  result: { v: 1, run: 'r', outcome: 'done', apiMs, stallMs: apiMs + 50, frozenMs: apiMs + 20 },
  proof: { ackedLost: complaints.length, beyondCoordinates: 0, coordinatesExact: complaints.length === 0, complaints },
  complaints,
  commits: 100,
  longestCommitMs: 300.4,
});

test('the result line, field by field and in its order', () => {
  expect(JSON.stringify(reportOf([[host(300, []), host(310, [])]]))).toBe(
    '{"v":1,"outcome":"done","hosts":2,"ackedLost":0,"beyondCoordinates":0,"coordinatesExact":true,"apiMs":305,"stallMs":[350,360],"frozenMs":[320,330]}',
  );
});

test('one host that is not proven fails the whole', () => {
  expect(reportOf([[host(300, []), host(310, ['1 commit is not in the set'])]])).toMatchObject({
    outcome: 'failed',
    ackedLost: 1,
    coordinatesExact: false,
  });
});

const follower = (replicaDiffs: number, complaints: readonly string[] = []): RehearsedHost => ({
  ...host(300, complaints),
  replicas: { replicaDiffs, gtidExact: replicaDiffs === 0, complaints },
});

test('replicas and rounds are summed up at the end of the line, where they were asked for', () => {
  expect(
    JSON.stringify(
      reportOf(
        [
          [follower(0), follower(0)],
          [follower(0), follower(0)],
        ],
        { rounds: true },
      ),
    ),
  ).toMatch(
    /^\{"v":1,"outcome":"done","hosts":2,.*"stallMs":\[350,350,350,350\].*,"replicaDiffs":0,"gtidExact":true,"rounds":2\}$/,
  );
  const failed = [[follower(0)], [follower(2, ['the replica from GTID 0-1-9: `lab`.`notes` has other rows'])]];
  expect(reportOf(failed)).toMatchObject({ outcome: 'failed', hosts: 1, replicaDiffs: 2, gtidExact: false });
  expect(summarize(failed)).toContain('Not proven in round 2');
});

const good = (rowsElsewhere: number): RehearsedHost => {
  const rehearsed = host(300, []);
  return { ...rehearsed, proof: { ...rehearsed.proof, rowsElsewhere } };
};
const missed: MissedSet = {
  instanceId: v.parse(InstanceId, 'i-0123456789abcdef1'),
  missed: { code: 'plan-changed', message: 'a file has come' },
  complaints: [],
};

test('with changes of the world the line says which sets are not good, and why', () => {
  const report = reportOf(
    [
      [good(7), missed],
      [good(5), good(0)],
    ],
    { rounds: true, hostile: true },
  );
  expect(JSON.stringify(report)).toMatch(
    /^\{"v":1,"outcome":"done","hosts":2,.*"stallMs":\[350,350,350\].*,"rounds":2,"hostile":\{"sets":4,"good":3,"rowsElsewhere":12,"notGood":\[\{"round":1,"instance":"i-0123456789abcdef1","code":"plan-changed","message":"a file has come"\}\]\}\}$/,
  );
  const text = summarize([[good(7), missed]], { hostile: true });
  expect(text).toContain('i-0123456789abcdef1  no good set: plan-changed: a file has come\n');
  expect(text).toContain(' 1 of 2 sets are good.\n');
  expect(summarize([[missed]], { hostile: true })).toContain('\nNo set is good, and nothing was restored.\n');
});

test.each([
  [[missed, missed], 'done'],
  [[good(1), missed, missed], 'done'],
  [[good(1), missed, missed, missed], 'failed'],
  [[missed, missed, missed], 'failed'],
  [[good(1), { ...missed, complaints: ['graded all the same'] }], 'failed'],
] as const)('from three sets on a third has to be good, and no run may leave a false grade (%#)', (round, outcome) => {
  expect(reportOf([round], { hostile: true }).outcome).toBe(outcome);
});
