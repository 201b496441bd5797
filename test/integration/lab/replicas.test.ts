import { copyFile, mkdir, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { buildHost, type SimulatedHost } from '../../../src/lab/hosts/simulated-host.ts';
import { LEDGERS, TRANSACTIONAL_LEDGERS } from '../../../src/lab/load/ledger.ts';
import { BEYOND_THE_SET, FULL_SWING, startLoad } from '../../../src/lab/load/write-load.ts';
import { Undo } from '../../../src/lab/machine/undo.ts';
import { followSource } from '../../../src/lab/rehearsal/follow-source.ts';
import { gatherEvidence } from '../../../src/lab/rehearsal/gather-evidence.ts';
import { beginningsOf, proveReplicas, type ReplicasProof } from '../../../src/lab/rehearsal/prove-replicas.ts';
import { proveSet, type SetProof } from '../../../src/lab/rehearsal/prove-set.ts';
import { findBinlogEnd } from '../../../src/lab/rehearsal/read-binlog.ts';
import { type RestoredSet, restoreSet } from '../../../src/lab/rehearsal/restore-set.ts';
import { checksumsOf } from '../../../src/lab/replication/compare-tables.ts';
import { startReplication } from '../../../src/lab/replication/source.ts';
import { installedServer } from '../../../src/lab/servers/installed.ts';
import type { Beginning } from '../../../src/lab/servers/replication-dialect.ts';
import { bundleLoad, labForTest } from './lab-for-test.ts';
import { takeSetByHand } from './set-by-hand.ts';

interface Play {
  /** Whose set is taken: the source's, or that of its replica. */
  readonly of: 'source' | 'replica';
  readonly level?: 'crash';
  /** The replica's parallel workers stand still while the set is taken. */
  readonly stopped?: true;
  /** What somebody does to a restored copy before it replicates. */
  readonly meddle?: (restored: RestoredSet) => Promise<void>;
  /** Instead of where the coordinates say. */
  readonly from?: (beginning: Beginning) => Beginning;
}

interface Seen {
  readonly began: readonly Beginning['by'][];
  readonly set: SetProof;
  readonly replicas: ReplicasProof;
}

/** A source under load with a replica; a set of one of them, restored, made a replica of the source, and compared. */
async function play({ of, level, stopped, meddle, from = (beginning) => beginning }: Play): Promise<Seen> {
  await using standing = await labForTest();
  const { shell, lab, ebs } = standing;
  const distribution = await installedServer(shell);
  const hosts: SimulatedHost[] = [];
  for (const number of of === 'source' ? [1] : [1, 2]) {
    hosts.push(await buildHost(shell, lab, ebs, { number, distribution, durability: '1/1', replicates: true }));
  }
  const host = hosts.at(-1);
  if (!host) throw new Error('there is no host');
  const ledgers = level === 'crash' ? TRANSACTIONAL_LEDGERS : LEDGERS;
  const replication = await startReplication(hosts, shell.signal);
  const { source, address } = replication;
  const load = await startLoad(shell, await bundleLoad(lab.path), source.server.socket, ledgers);
  await load.hasDone(FULL_SWING);
  await replication.followed(await replication.sourceGtid());

  if (stopped) await say(host, 'STOP SLAVE SQL_THREAD');
  const taken = await takeSetByHand(shell, ebs, host, load, level && { level });
  if (stopped) await say(host, 'START SLAVE SQL_THREAD');
  await load.hasDone(BEYOND_THE_SET);

  await using copies = new Undo();
  const isReplica = of === 'replica';
  const restore = async (serverId: number) =>
    copies.use(await restoreSet({ shell, folder: lab, ebs }, host, taken, { serverId, ledgers, isReplica }));
  const set = await restore(101);
  const beginnings = beginningsOf(set.coordinates, isReplica);
  const followers = [];
  for (const [index, beginning] of beginnings.entries()) {
    const restored = index === 0 ? set : await restore(101 + index);
    await meddle?.(restored);
    followers.push(await followSource(restored, address, from(beginning), shell.signal));
  }
  await load.hasDone(BEYOND_THE_SET);
  const report = await load.stop();
  const gtid = await replication.sourceGtid();
  await replication.followed(gtid);
  const connection = await source.server.connect();
  const end = { gtid, checksums: await checksumsOf(connection) };
  await connection.end();
  const seen = await Promise.all(followers.map((follower) => follower.look(end, ledgers)));
  return {
    began: beginnings.map(({ by }) => by),
    set: proveSet(await gatherEvidence(shell, host, set, report, isReplica ? source : undefined)),
    replicas: proveReplicas(seen, report, set.coordinates, set.answers, isReplica),
  };
}

async function say({ server }: Pick<SimulatedHost, 'server'>, ...statements: readonly string[]): Promise<void> {
  const connection = await server.connect();
  for (const statement of statements) await connection.query(statement);
  await connection.end();
}

const PROVEN_SET: SetProof = { ackedLost: 0, beyondCoordinates: 0, coordinatesExact: true, complaints: [] };
const PROVEN_REPLICAS: ReplicasProof = { replicaDiffs: 0, gtidExact: true, complaints: [] };

test.each<[string, Play, Seen['began']]>([
  ["the source's set", { of: 'source' }, ['gtid', 'position']],
  ["the source's set, taken without a lock", { of: 'source', level: 'crash' }, ['gtid', 'position']],
  ["a replica's set", { of: 'replica' }, ['gtid']],
  ["a replica's set, its workers stopped", { of: 'replica', stopped: true }, ['gtid', 'position']],
  ["a replica's set, taken without a lock", { of: 'replica', level: 'crash' }, ['gtid']],
])('%s becomes a replica of the source that has every row of it', async (_, given, began) => {
  expect(await play(given)).toEqual({ began, set: PROVEN_SET, replicas: PROVEN_REPLICAS });
});

test('a row that was lost on the way is noticed, and its table named', async () => {
  const meddle = (restored: RestoredSet) => say(restored, 'SET sql_log_bin = 0', 'DELETE FROM lab.notes LIMIT 1');
  const { set, replicas } = await play({ of: 'source', meddle });
  expect(set).toEqual(PROVEN_SET);
  expect(replicas).toMatchObject({ replicaDiffs: 2, gtidExact: true });
  expect(replicas.complaints).toEqual([
    expect.stringMatching(/^the replica from GTID 0-1-\d+: `lab`\.`notes` has other rows$/),
    expect.stringMatching(/^the replica from mysql-bin\.\d+:\d+: `lab`\.`notes` has other rows$/),
  ]);
});

test('a replica that begins too early is told the error by its number', async () => {
  const from = (beginning: Beginning): Beginning =>
    beginning.by === 'gtid'
      ? { by: 'gtid', gtid: beginning.gtid.replace(/\d+$/, (seq) => String(Number(seq) - 50)) }
      : beginning;
  const { replicas } = await play({ of: 'source', from });
  expect(replicas.gtidExact).toBe(false);
  expect(replicas.complaints[0]).toMatch(/^the replica from GTID 0-1-\d+ does not follow: \d{4} \S/);
});

test('the end of a live binary log that was copied and lost its last bytes is a place where a transaction ends', async () => {
  await using standing = await labForTest();
  const { shell, lab, ebs } = standing;
  const distribution = await installedServer(shell);
  const host = await buildHost(shell, lab, ebs, { number: 1, distribution, durability: '1/1' });
  const load = await startLoad(shell, await bundleLoad(lab.path), host.server.socket);
  await load.hasDone(FULL_SWING);
  const copies = join(lab.path, 'copies');
  await mkdir(copies);
  const live = join(host.paths.logBin, '..');
  const names = (await readdir(live)).filter((name) => /\.\d+$/.test(name)).toSorted();
  const newest = names.at(-1) ?? '';
  const copy = join(copies, newest);
  await copyFile(join(live, newest), copy);
  await load.stop();

  const connection = await host.server.connect();
  const [events] = await connection.query<RowDataPacket[]>(`SHOW BINLOG EVENTS IN '${newest}'`);
  await connection.end();
  // The last event of each transaction; what opens the next one follows it.
  const ends = new Set(
    events
      .filter((_, index) => events[index + 1]?.['Event_type'] === 'Gtid')
      .map((event) => Number(event['End_log_pos'])),
  );
  const { size: whole } = await stat(copy);
  // Events of the load have some 40 to 130 bytes, so these cuts meet every part of a transaction.
  for (let lost = 0; lost < 1_200; lost += 37) {
    const size = whole - lost;
    await truncate(copy, size);
    const { file, position } = await findBinlogEnd(shell, distribution, join(copies, 'mysql-bin'));
    expect(file).toBe(newest);
    expect(position).toBeLessThanOrEqual(size);
    expect(ends).toContain(position);
    // Nothing whole may be left out: the next transaction's end is beyond what is there.
    expect(Math.min(...[...ends].filter((end) => end > position))).toBeGreaterThan(size);
  }
});
