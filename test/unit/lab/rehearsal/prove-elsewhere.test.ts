import { expect, test } from 'vitest';
import type { TableElsewhere } from '../../../../src/lab/changes/table-elsewhere.ts';
import { type ElsewhereEvidence, proveElsewhere } from '../../../../src/lab/rehearsal/prove-elsewhere.ts';

const LOCK = 1_000;
const CAPTURED = 1_200;
/** Three rows before the lock, one that waited for the unlock, one after it. */
const table: TableElsewhere = {
  table: 't_1',
  createdAt: 800,
  ackedAt: [900, 950, 999, 1_300, 1_350],
  lastSentAt: 1_350,
};
const holding = (...rows: readonly number[]) => new Map([['t_1', new Set(rows)]]);

const proof = (seen: Partial<TableElsewhere>, restored: ElsewhereEvidence['restored'], level = 'application') =>
  proveElsewhere({
    tables: [{ ...table, ...seen }],
    restored,
    capturedAt: CAPTURED,
    manifest: { level: level === 'crash' ? 'crash' : 'application', takenAt: LOCK },
  });

const PROVEN = { rows: 3, ackedLost: 0, complaints: [] };

test.each(['application', 'crash'])('at level %s every row that was acknowledged before has to be there', (level) => {
  expect(proof({}, holding(1, 2, 3), level)).toEqual(PROVEN);
  // It was in flight: the set may hold it.
  expect(proof({}, holding(1, 2, 3, 4), level)).toEqual(PROVEN);
  expect(proof({}, holding(1, 3), level)).toEqual({
    rows: 3,
    ackedLost: 1,
    complaints: ['1 acknowledged rows of the table t_1 on another volume are not in the set'],
  });
});

test('a row that was acknowledged in the millisecond of the lock may have come after it', () => {
  expect(proof({ ackedAt: [900, LOCK] }, holding(1))).toEqual({ rows: 1, ackedLost: 0, complaints: [] });
});

test('a table that is missing with its rows is told, also where it has no row yet', () => {
  expect(proof({}, new Map())).toEqual({
    rows: 3,
    ackedLost: 3,
    complaints: ['the table t_1 on another volume, with 3 acknowledged rows, is not in the set'],
  });
  expect(proof({ ackedAt: [] }, new Map()).complaints).toHaveLength(1);
  expect(proof({ createdAt: LOCK, ackedAt: [] }, new Map()).complaints).toEqual([]);
});

test('a table may be missing whose DROP was sent before DDL was held back, and is whole where it is there', () => {
  expect(proof({ dropSentAt: LOCK }, new Map())).toEqual({ rows: 0, ackedLost: 0, complaints: [] });
  expect(proof({ dropSentAt: LOCK }, holding(1, 2)).ackedLost).toBe(1);
  // From the lock to the unlock no DROP is carried out; at level crash `takenAt` comes before DDL is held back.
  expect(proof({ dropSentAt: LOCK + 1 }, new Map()).ackedLost).toBe(3);
  expect(proof({ dropSentAt: LOCK + 1 }, new Map(), 'crash').ackedLost).toBe(0);
  expect(proof({ dropSentAt: CAPTURED + 1 }, new Map(), 'crash').ackedLost).toBe(3);
});

test('a row that was sent after the capture shows that the original was looked at', () => {
  const late = ['the table t_1 has 1 rows that were sent after the set was captured'];
  expect(proof({}, holding(1, 2, 3, 5)).complaints).toEqual(late);
  // It was sent and never acknowledged.
  expect(proof({ lastSentAt: CAPTURED + 1 }, holding(1, 2, 3, 6)).complaints).toEqual(late);
  expect(proof({ lastSentAt: CAPTURED }, holding(1, 2, 3, 6)).complaints).toEqual([]);
});
