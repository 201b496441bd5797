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
  manifest: { level: 'application', takenAt: LOCK },
  coordinates: { binlog: { file: 'mysql-bin.000002', position: 4711 }, gtid: '0-1-62' },
  binlogInfo: "MASTER_LOG_FILE='mysql-bin.000002', MASTER_LOG_POS=4711\n",
  after: { entries: keys(32, 37), changes: 60, firstChange: 'GTID 0-1-63 trans' },
  image: { entries: new Set(), changes: 0, firstChange: undefined },
  restored: {
    gtid: '0-1-62',
    executedGtid: '',
    entries: keys(1, 31),
    elsewhere: new Map(),
    damaged: [],
    balance: 100_000,
  },
  openingBalance: 100_000,
  isReplica: false,
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
      after: { entries: keys(30, 37), changes: 80, firstChange: 'GTID 0-1-59 trans' },
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
  ['another binlog_info.txt', { binlogInfo: good.binlogInfo?.trim() }, { coordinatesExact: false }],
  ['no binlog_info.txt', { binlogInfo: undefined }, { coordinatesExact: false }],
  ['no coordinates', { coordinates: {} }, { coordinatesExact: false }],
  ['a damaged table', { restored: { ...good.restored, damaged: ['`lab`.`notes`'] } }, {}],
  ['half a transfer', { restored: { ...good.restored, balance: 99_999 } }, {}],
  ['too few commits', { load: { ...good.load, commits: commits.filter(({ seq }) => seq > 15) } }, {}],
  ['no rotation', { load: { ...good.load, hostility: { ...hostility, flushLogs: 0 } } }, {}],
  ['no DDL', { load: { ...good.load, hostility: { ...hostility, ddl: 0 } } }, {}],
  ['no long reader', { load: { ...good.load, hostility: { ...hostility, longReads: 0 } } }, {}],
  [
    'no commit after the set',
    {
      after: good.image,
      restored: { ...good.restored, entries: keys(1, 37) },
    },
    {},
  ],
])('not proven: %s', (_, change, figures) => {
  const proof = proveSet({ ...good, ...change });
  expect(proof).toMatchObject(figures);
  expect(proof.complaints).not.toEqual([]);
});

/** Of the same commits, a set taken on a replica that lagged: it had executed those up to 25 when it was locked. */
const onReplica: Evidence = {
  ...good,
  coordinates: { ...good.coordinates, replica: { gtid: '0-1-50', channels: [] } },
  after: { entries: keys(26, 37), changes: 90, firstChange: 'GTID 0-1-51 trans' },
  restored: { ...good.restored, executedGtid: '0-1-50', entries: keys(1, 25) },
  isReplica: true,
};

test("a replica's set is proven by what it had executed of its source, whatever its source had acknowledged by then", () => {
  expect(proveSet(onReplica)).toEqual({ ackedLost: 0, beyondCoordinates: 0, coordinatesExact: true, complaints: [] });
  const { replica: _, ...own } = onReplica.coordinates;
  const mysql = { ...onReplica, coordinates: { ...own, replica: { channels: [] } } };
  expect(proveSet({ ...mysql, restored: { ...mysql.restored, executedGtid: '0-1-62' } }).complaints).toEqual([]);
});

test.each<[string, Partial<Evidence>, object, string]>([
  [
    'a commit that it had executed is missing',
    { restored: { ...onReplica.restored, entries: keys(2, 25) } },
    { ackedLost: 2 },
    '2 acknowledged commits are not in the set',
  ],
  [
    'an entry would be applied twice',
    { restored: { ...onReplica.restored, entries: keys(1, 26) } },
    { beyondCoordinates: 2 },
    '2 entries stand after the coordinates',
  ],
  [
    'the server has executed something else',
    { restored: { ...onReplica.restored, executedGtid: '0-1-51' } },
    { coordinatesExact: false },
    'the manifest says that GTID 0-1-50 of the source is executed, the restored server 0-1-51',
  ],
  [
    'nothing of the source is recorded',
    { coordinates: good.coordinates, after: undefined },
    { coordinatesExact: false },
    'the manifest holds no coordinates of the source',
  ],
  [
    'little was executed',
    {
      restored: { ...onReplica.restored, entries: keys(1, 9) },
      after: { entries: keys(10, 37), changes: 90, firstChange: 'GTID 0-1-18 trans' },
    },
    {},
    'the load was too weak to prove anything: ledger_innodb has 9 commits before the set, 28 after it',
  ],
])("not proven of a replica's set: %s", (_, change, figures, complaint) => {
  const proof = proveSet({ ...onReplica, ...change });
  expect(proof).toMatchObject(figures);
  expect(proof.complaints[0]).toContain(complaint);
});

/** Taken without a lock: what would be recorded was found in it. */
const unlocked: Evidence = {
  ...good,
  manifest: { level: 'crash', takenAt: LOCK },
  binlogInfo: undefined,
  lastGtid: '0-1-62',
};

test('a set of level crash is proven by the coordinates that were found in it', () => {
  expect(proveSet(unlocked)).toMatchObject({ coordinatesExact: true, complaints: [] });
  const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
  const gtid = `2c256447-3f0d-431b-9a12-575bb20c1507:1-9,${uuid}:1-62`;
  const mysql = { ...unlocked, lastGtid: `${uuid}:62`, coordinates: { ...unlocked.coordinates, gtid } };
  expect(proveSet({ ...mysql, restored: { ...mysql.restored, gtid } }).complaints).toEqual([]);
  expect(proveSet({ ...mysql, restored: { ...mysql.restored, gtid }, lastGtid: `${uuid}:63` }).complaints).toEqual([
    `the image's binary log ends with GTID ${uuid}:63, the restored server has ${gtid}`,
  ]);
});

test.each<[string, Partial<Evidence>]>([
  ['binlog_info.txt is in a set of level crash', { binlogInfo: good.binlogInfo }],
  ["the image's binary log ends with GTID 0-1-63, the restored server has 0-1-62", { lastGtid: '0-1-63' }],
])('not proven of a set of level crash: %s', (complaint, change) => {
  const proof = proveSet({ ...unlocked, ...change });
  expect(proof.coordinatesExact).toBe(false);
  expect(proof.complaints).toEqual([expect.stringContaining(complaint)]);
});
