import { RunError } from '../../shared/errors.ts';
import type { Result } from '../../shared/result.ts';
import { TAG } from '../../shared/tags.ts';
import { type Change, describeChange, isFlushSetting } from '../changes/change.ts';
import type { TableElsewhere } from '../changes/table-elsewhere.ts';
import { purgeBinlogs } from '../hosts/purge-binlogs.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import { LEDGERS, type Ledger, type LoadReport, longestCommitMs, TRANSACTIONAL_LEDGERS } from '../load/ledger.ts';
import { BEYOND_THE_SET, FULL_SWING, startLoad } from '../load/write-load.ts';
import { Undo } from '../machine/undo.ts';
import { checksumsOf } from '../replication/compare-tables.ts';
import type { Replication } from '../replication/source.ts';
import type { Controller } from '../standing/controller-process.ts';
import { HOST_TAG, type Say, type StandingLab } from '../standing/standing-lab.ts';
import { findSet, snapshotsTagged } from './find-set.ts';
import { type Follower, followSource, type SourceEnd } from './follow-source.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { startHostility } from './hostility.ts';
import { falseGrades, missOf } from './missed-set.ts';
import type { RehearsalOptions } from './options.ts';
import { beginningsOf, proveReplicas, type ReplicasProof } from './prove-replicas.ts';
import { proveSet } from './prove-set.ts';
import type { MissedSet, RehearsedHost, RoundHost } from './report.ts';
import { type RestoredSet, restoreSet } from './restore-set.ts';

/** Where a round is played, and by whose means. */
export interface Stage {
  readonly lab: StandingLab;
  readonly controller: Controller;
  readonly options: Pick<RehearsalOptions, 'program' | 'level' | 'changesSeed'>;
  /** 1, 2 … */
  readonly round: number;
  /** Absent: every host has a load of its own, and no restored set becomes a replica. */
  readonly replication: Replication | undefined;
  readonly say: Say;
}

/** The main job once. All that it made is given back at its end: the next round finds the hosts as this one did. */
export async function rehearseRound(stage: Stage): Promise<readonly RoundHost[]> {
  const { lab, options, replication, say } = stage;
  const { shell, hosts } = lab;
  const sources = replication ? [replication.source] : hosts;
  const ledgers = ledgersOf(stage);
  const loads = await Promise.all(
    sources.map(({ server }) => startLoad(shell, options.program, server.socket, ledgers)),
  );
  say(`A hostile write load runs on ${replication ? 'the source' : 'every host'}.`);
  await Promise.all(loads.map((load) => load.hasDone(FULL_SWING)));
  await replication?.followed(await replication.sourceGtid());

  const scope = ['--target', `tag:${HOST_TAG.key}=${HOST_TAG.value}`, '--level', options.level];
  const { results, changes } = await takeSets(stage, scope);
  await Promise.all(loads.map((load) => load.hasDone(BEYOND_THE_SET)));
  // Restored servers recover many times more slowly beside the full load, and a replica needs only a few commits to follow.
  for (const load of loads) load.throttle();

  await using copies = new Undo();
  const outcomes = await restoreAll(stage, results, changes, copies);
  // A replica that only has to read what is there already has not followed anybody.
  if (replication) await Promise.all(loads.map((load) => load.hasDone(BEYOND_THE_SET)));
  const reports = await Promise.all(loads.map((load) => load.stop()));
  const end = replication && (await endOf(replication));

  const rehearsed: RoundHost[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const report = reports[replication ? 0 : index];
    if (!report) throw new RunError('bug', 'a load has handed over no report');
    rehearsed.push('missed' in outcome ? outcome : await prove(stage, outcome, report, end));
  }
  for (const { instanceId, complaints } of rehearsed) {
    for (const complaint of complaints) say(`Not proven on ${instanceId}: ${complaint}.`);
  }
  await lab.ebs.discardCaptures();
  await Promise.all(hosts.map(purgeBinlogs));
  if (options.level === 'crash') await restartWhereSettingsLeaveATrace(changes);
  return rehearsed;
}

/**
 * What the load writes. Where tables that are not transactional are written, level `crash` is refused; and so is a MySQL
 * replica with parallel workers, which the read lock could stop.
 */
function ledgersOf({ options, replication, lab }: Stage): readonly Ledger[] {
  const flavour = lab.hosts[0]?.server.distribution.flavour.name;
  return options.level === 'crash' || (replication && flavour === 'mysql') ? TRANSACTIONAL_LEDGERS : LEDGERS;
}

/** What was changed on a host while its set was taken. */
interface HostChanges {
  readonly host: SimulatedHost;
  readonly changes: readonly Change[];
  readonly tables: readonly TableElsewhere[];
}

interface TakenSets {
  readonly results: readonly Result[];
  /** Absent where the world stands still. */
  readonly changes: readonly HostChanges[];
}

/** A set on every host; while the world changes some hosts may have none. When it returns the world is as it was. */
async function takeSets(stage: Stage, scope: readonly string[]): Promise<TakenSets> {
  const { lab, controller, options, round, say } = stage;
  if (options.changesSeed === undefined) {
    const results = await controller.snapshot(scope);
    say(`${results.length} hosts have taken their sets.`);
    return { results, changes: [] };
  }
  const changes: HostChanges[] = [];
  let results: readonly Result[];
  {
    await using world = new Undo();
    for (const host of lab.hosts) {
      const hostility = world.use(await startHostility(host, `${options.changesSeed}/${round}/${host.name}`));
      changes.push({ host, changes: hostility.changes, tables: hostility.tables });
    }
    results = await controller.trySnapshot(scope);
  }
  for (const { host, changes: made } of changes) {
    say(`While ${host.name} was to take its set: ${made.map(describeChange).join('; ') || 'no change'}.`);
  }
  return { results, changes };
}

/** MariaDB remembers until its next start that a setting was set, and refuses level `crash` so long. */
async function restartWhereSettingsLeaveATrace(changes: readonly HostChanges[]): Promise<void> {
  for (const { host, changes: made } of changes) {
    if (host.server.distribution.flavour.name === 'mariadb' && made.some(isFlushSetting)) await host.server.restart();
  }
}

/** A host's set, restored: once, or once for each place where a replica of the source can begin. */
interface RestoredHost {
  readonly host: SimulatedHost;
  readonly isReplica: boolean;
  readonly result: Result;
  readonly set: RestoredSet;
  /** With changes of the world. */
  readonly tables?: readonly TableElsewhere[];
  readonly followers: readonly Follower[];
}

/** Restores the sets of all hosts at once; where one fails the others come to their end, so that `copies` holds all. */
async function restoreAll(
  stage: Stage,
  results: readonly Result[],
  changes: readonly HostChanges[],
  copies: Undo,
): Promise<readonly (RestoredHost | MissedSet)[]> {
  const restores = stage.lab.hosts.map(async (host) => {
    const changed = changes.find((each) => each.host === host);
    const result = results.find(({ instance }) => instance === host.instanceId);
    return (changed && (await missedSet(stage, host, result))) ?? restoreHost(stage, host, result, changed, copies);
  });
  const settled = await Promise.allSettled(restores);
  const failure = settled.find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
  return Promise.all(restores);
}

/** Where the run of a host left no good set: why, and what is wrong with what it left. */
async function missedSet(
  { lab, say }: Stage,
  { instanceId, name }: SimulatedHost,
  result: Result | undefined,
): Promise<MissedSet | undefined> {
  const missed = missOf(result);
  if (missed === undefined) return undefined;
  say(`${name} has no good set: ${missed.code}: ${missed.message}`);
  const snapshots = result ? await snapshotsTagged(lab.aws, TAG.set, `${result.run}/${instanceId}`) : [];
  return { instanceId, missed, complaints: falseGrades(missed, snapshots) };
}

async function restoreHost(
  stage: Stage,
  host: SimulatedHost,
  result: Result | undefined,
  changed: HostChanges | undefined,
  copies: Undo,
): Promise<RestoredHost> {
  const { lab, options, replication, say } = stage;
  if (!result?.set) throw new RunError('rehearsal-failed', `${host.instanceId} reported no set`);
  const isReplica = replication !== undefined && host !== replication.source;
  const ledgers = ledgersOf(stage);
  const taken = { name: result.set, snapshotIds: await findSet(lab.aws, result.set, options.level) };
  say(`Restoring ${taken.name}.`);
  const restore = async (copy: number) => {
    const serverId = FIRST_RESTORED_ID + host.serverId * MOST_COPIES + copy;
    return copies.use(
      await restoreSet(lab, host, taken, { serverId, ledgers, isReplica, tablesElsewhere: changed !== undefined }),
    );
  };
  const set = await restore(0);
  const followers: Follower[] = [];
  if (replication) {
    for (const [copy, beginning] of beginningsOf(set.coordinates, isReplica).entries()) {
      const restored = copy === 0 ? set : await restore(copy);
      followers.push(await followSource(restored, replication.address, beginning, lab.shell.signal));
    }
  }
  return { host, isReplica, result, set, ...(changed && { tables: changed.tables }), followers };
}

/** Server ids of restored copies: beyond those of the hosts. */
const FIRST_RESTORED_ID = 100;
const MOST_COPIES = 2;

/** The load has ended: what the source holds now is what every replica has to come to. */
async function endOf(replication: Replication): Promise<SourceEnd> {
  const gtid = await replication.sourceGtid();
  await replication.followed(gtid);
  const connection = await replication.source.server.connect();
  const checksums = await checksumsOf(connection);
  await connection.end();
  return { gtid, checksums };
}

async function prove(
  stage: Stage,
  restored: RestoredHost,
  load: LoadReport,
  end: SourceEnd | undefined,
): Promise<RehearsedHost> {
  const { host, isReplica, result, set, tables, followers } = restored;
  const source = isReplica ? stage.replication?.source : undefined;
  const proof = proveSet(await gatherEvidence(stage.lab.shell, host, set, load, source, tables));
  let replicas: ReplicasProof | undefined;
  if (end) {
    const seen = await Promise.all(followers.map((follower) => follower.look(end, load.ledgers)));
    replicas = proveReplicas(seen, load, set.coordinates, set.answers, isReplica);
  }
  return {
    instanceId: host.instanceId,
    result,
    proof,
    ...(replicas && { replicas }),
    complaints: [...proof.complaints, ...(replicas?.complaints ?? [])],
    commits: load.commits.length,
    longestCommitMs: longestCommitMs(load),
  };
}
