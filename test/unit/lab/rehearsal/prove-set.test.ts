import { expect, test } from 'vitest';
import { type Commit, entryKey, LEDGERS } from '../../../../src/lab/load/ledger.ts';
import { type Evidence, proveSet } from '../../../../src/lab/rehearsal/prove-set.ts';

const LOCK = 1_000;

/** Per ledger: 30 commits before the lock at 1,000 ms, two in flight while it was taken, 5 after it. */
const commits: readonly Commit[] = LEDGERS.flatMap((ledger) =>
  Array.from({ length: 37 }, (_, index) => {
    const ackedAt = index < 30 ? 900 + index : index < 32 ? LOCK + 500 : LOCK + 600 + index;
    return { ledger, writer: 1, seq: index + 1, sentAt: 890 + index, ackedAt };
  }),
);
const keys = (from: number, to: number) =>
  new Set(
    commits
      .filter(({ seq }) => seq >= from && seq <= to)
      .map(({ ledger, writer, seq }) => entryKey(ledger, writer, seq)),
  );

/** The first in-flight commit went in before the coordinates and was acknowledged after the unlock. */
const hostility = { ddl: 9, flushLogs: 1, longReads: 1 };

const good: Evidence = {
  load: { ledgers: LEDGERS, commits, hostility },
  manifest: { takenAt: LOCK, coordinates: { binlog: { file: 'mysql-bin.000002', position: 4711 }, gtid: '0-1-62' } },
  binlogInfo: "MASTER_LOG_FILE='mysql-bin.000002', MASTER_LOG_POS=4711\n",
  original: { entries: keys(32, 37), changes: 60, firstChange: 'GTID 0-1-63 trans' },
  image: { entries: new Set(), changes: 0, firstChange: undefined },
  restored: { gtid: '0-1-62', entries: keys(1, 31), damaged: [], balance: 100_000 },
  openingBalance: 100_000,
};

test('a set that holds exactly what stands before its coordinates is proven', () => {
  expect(proveSet(good)).toEqual({ ackedLost: 0, beyondCoordinates: 0, coordinatesExact: true, complaints: [] });
});

test('of a ledger that the load did not write nothing is asked', () => {
  const innodb = commits.filter(({ ledger }) => ledger === 'ledger_innodb');
  const load: Evidence['load'] = { ledgers: ['ledger_innodb'], commits: innodb, hostility };
  expect(proveSet({ ...good, load }).complaints).toEqual([]);
  expect(proveSet({ ...good, load: { ...load, ledgers: LEDGERS } }).complaints).toEqual([
    expect.stringContaining('ledger_myisam has 0 commits'),
  ]);
});

test.each<[string, Partial<Evidence>, object]>([
  ['a commit before the coordinates', { restored: { ...good.restored, entries: keys(2, 31) } }, { ackedLost: 2 }],
  [
    'a commit acknowledged before the lock that the binary log has after the coordinates',
    {
      original: { entries: keys(30, 37), changes: 80, firstChange: 'GTID 0-1-59 trans' },
      restored: { ...good.restored, entries: keys(1, 29) },
    },
    { ackedLost: 2 },
  ],
  [
    'an entry after the coordinates',
    { restored: { ...good.restored, entries: keys(1, 33) } },
    { beyondCoordinates: 4 },
  ],
  [
    "a change after the coordinates in the image's binary log",
    { image: { entries: new Set(), changes: 4, firstChange: 'GTID 0-1-63 trans' } },
    { coordinatesExact: false },
  ],
  ['another GTID', { restored: { ...good.restored, gtid: '0-1-63' } }, { coordinatesExact: false }],
  ['another binlog_info.txt', { binlogInfo: good.binlogInfo.trim() }, { coordinatesExact: false }],
  ['no coordinates', { manifest: { takenAt: LOCK, coordinates: {} } }, { coordinatesExact: false }],
  ['a damaged table', { restored: { ...good.restored, damaged: ['`lab`.`notes`'] } }, {}],
  ['half a transfer', { restored: { ...good.restored, balance: 99_999 } }, {}],
  ['too few commits', { load: { ...good.load, commits: commits.filter(({ seq }) => seq > 15) } }, {}],
  ['no rotation', { load: { ...good.load, hostility: { ...hostility, flushLogs: 0 } } }, {}],
  ['no DDL', { load: { ...good.load, hostility: { ...hostility, ddl: 0 } } }, {}],
  ['no long reader', { load: { ...good.load, hostility: { ...hostility, longReads: 0 } } }, {}],
  [
    'no commit after the set',
    {
      original: good.image,
      restored: { ...good.restored, entries: keys(1, 37) },
    },
    {},
  ],
])('not proven: %s', (_, change, figures) => {
  const proof = proveSet({ ...good, ...change });
  expect(proof).toMatchObject(figures);
  expect(proof.complaints).not.toEqual([]);
});
