import { expect, test } from 'vitest';
import { disturbanceOf, stretchesOf } from '../../../../src/lab/disturbance/stretch.ts';
import type { Commit, LoadReport } from '../../../../src/lab/load/ledger.ts';

const commit = (sentAt: number, ackedAt: number): Commit => ({
  ledger: 'ledger_innodb',
  writer: 1,
  seq: sentAt,
  sentAt,
  ackedAt,
});
const load = (...commits: Commit[]): LoadReport => ({
  ledgers: ['ledger_innodb'],
  commits,
  hostility: { ddl: 1, flushLogs: 1, longReads: 1 },
});

test('a commit counts in every stretch in which it was under way', () => {
  const stretches = stretchesOf(
    [
      { kind: 'without', from: 0, to: 100 },
      { kind: 'with', from: 100, to: 200 },
      { kind: 'without', from: 200, to: 300 },
    ],
    load(commit(10, 15), commit(90, 130), commit(150, 160), commit(290, 320)),
  );
  expect(stretches.map(({ longestCommitMs }) => longestCommitMs)).toEqual([40, 40, 30]);
});

test('the ratio is one of medians: a single slow stretch says nothing', () => {
  const stretch = (kind: 'with' | 'without', longestCommitMs: number) => ({ kind, from: 0, to: 1, longestCommitMs });
  const report = disturbanceOf([
    ...[20, 22, 900].map((ms) => stretch('without', ms)),
    ...[22, 25, 4000].map((ms) => stretch('with', ms)),
  ]);
  expect(report).toEqual({ v: 1, outcome: 'done', rounds: 3, withSetMs: 25, withoutMs: 22, ratio: 1.14 });
});
