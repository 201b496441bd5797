import { describe, expect, test } from 'vitest';
import { LEDGERS, type LoadReport } from '../../../../src/lab/load/ledger.ts';
import { beginningsOf, proveReplicas, type ReplicaEvidence } from '../../../../src/lab/rehearsal/prove-replicas.ts';
import type { Channel, Coordinates } from '../../../../src/shared/coordinates.ts';

const own: Coordinates = { binlog: { file: 'mysql-bin.000003', position: 4711 }, gtid: '0-1-62' };
const channel: Channel = {
  name: '',
  source: { host: '127.0.0.1', port: 3306 },
  binlog: { file: 'mysql-bin.000007', position: 815 },
  exact: true,
  autoPosition: true,
};
const ofReplica: Coordinates = { ...own, replica: { gtid: '0-1-58', channels: [channel] } };

describe('where a replica of the source begins', () => {
  test("by the source's own set: its own coordinates", () => {
    expect(beginningsOf(own, false)).toEqual([
      { by: 'gtid', gtid: '0-1-62' },
      { by: 'position', binlog: own.binlog },
    ]);
  });

  test("by a replica's set: what it had executed of its source", () => {
    expect(beginningsOf(ofReplica, true)).toEqual([
      { by: 'gtid', gtid: '0-1-58' },
      { by: 'position', binlog: channel.binlog },
    ]);
  });

  test('not at a place that parallel workers have left behind, and not where nothing was executed', () => {
    const { binlog: _, ...unexecuted } = channel;
    for (const odd of [{ ...channel, exact: false }, unexecuted]) {
      const coordinates = { ...own, replica: { gtid: '0-1-58', channels: [odd] } };
      expect(beginningsOf(coordinates, true)).toEqual([{ by: 'gtid', gtid: '0-1-58' }]);
    }
  });

  test("on MySQL the replica's one GTID set is its source's as well", () => {
    const coordinates = { ...own, gtid: 'u:1-62', replica: { channels: [{ ...channel, exact: false }] } };
    expect(beginningsOf(coordinates, true)).toEqual([{ by: 'gtid', gtid: 'u:1-62' }]);
  });

  test("nowhere where a replica's set does not tell", () => {
    expect(beginningsOf(own, true)).toEqual([]);
  });
});

const load: LoadReport = {
  ledgers: LEDGERS,
  commits: [{ ledger: 'ledger_innodb', writer: 1, seq: 1, sentAt: 1, ackedAt: 2 }],
  hostility: { ddl: 1, flushLogs: 1, longReads: 1 },
};
const good: ReplicaEvidence = {
  beginning: { by: 'gtid', gtid: '0-1-62' },
  differences: [],
  entries: new Set(['ledger_innodb:1:1']),
};
const byPosition: ReplicaEvidence = {
  ...good,
  beginning: { by: 'position', binlog: { file: 'mysql-bin.000003', position: 4711 } },
};
const answers = { gtid: '0-1-62', executedGtid: '' };

test('replicas that have become the source again', () => {
  expect(proveReplicas([good, byPosition], load, own, answers, false)).toEqual({
    replicaDiffs: 0,
    gtidExact: true,
    complaints: [],
  });
  const sibling = { gtid: '', executedGtid: '0-1-58' };
  expect(proveReplicas([good], load, ofReplica, sibling, true)).toMatchObject({ gtidExact: true, complaints: [] });
});

test.each<[string, readonly ReplicaEvidence[], object, string]>([
  [
    'a table differs',
    [good, { ...byPosition, differences: [{ table: '`lab`.`notes`', difference: 'has other rows' }] }],
    { replicaDiffs: 1, gtidExact: true },
    'the replica from mysql-bin.000003:4711: `lab`.`notes` has other rows',
  ],
  [
    'replication stopped',
    [{ ...good, error: '1062 Duplicate entry' }, byPosition],
    { replicaDiffs: 0, gtidExact: false },
    'the replica from GTID 0-1-62 does not follow: 1062 Duplicate entry',
  ],
  [
    'a commit is missing',
    [{ ...good, entries: new Set() }],
    {},
    'the replica from GTID 0-1-62 lacks 1 acknowledged commits (ledger_innodb:1:1 …)',
  ],
  ['none began by GTID', [byPosition], { gtidExact: false }, 'no replica could begin by GTID'],
])('not proven: %s', (_, replicas, figures, complaint) => {
  const proof = proveReplicas(replicas, load, own, answers, false);
  expect(proof).toMatchObject(figures);
  expect(proof.complaints).toEqual([complaint]);
});

test('GTIDs that the restored server does not have are not exact', () => {
  expect(proveReplicas([good], load, own, { ...answers, gtid: '0-1-63' }, false).gtidExact).toBe(false);
  expect(proveReplicas([good], load, ofReplica, { ...answers, executedGtid: '0-1-59' }, true).gtidExact).toBe(false);
});
