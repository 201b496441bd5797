import { RunError } from '../../shared/errors.ts';
import type { Result } from '../../shared/result.ts';
import { purgeBinlogs } from '../hosts/purge-binlogs.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import { LEDGERS, type Ledger, type LoadReport, longestCommitMs, TRANSACTIONAL_LEDGERS } from '../load/ledger.ts';
import { BEYOND_THE_SET, FULL_SWING, startLoad } from '../load/write-load.ts';
import { Undo } from '../machine/undo.ts';
import { checksumsOf } from '../replication/compare-tables.ts';
import type { Replication } from '../replication/source.ts';
import type { Controller } from '../standing/controller-process.ts';
import { HOST_TAG, type Say, type StandingLab } from '../standing/standing-lab.ts';
import { findSet } from './find-set.ts';
import { type Follower, followSource, type SourceEnd } from './follow-source.ts';
import { gatherEvidence } from './gather-evidence.ts';
import type { RehearsalOptions } from './options.ts';
import { beginningsOf, proveReplicas, type ReplicasProof } from './prove-replicas.ts';
import { proveSet } from './prove-set.ts';
import type { RehearsedHost } from './report.ts';
import { type RestoredSet, restoreSet } from './restore-set.ts';

/** Where a round is played, and by whose means. */
export interface Stage {
  readonly lab: StandingLab;
  readonly controller: Controller;
  readonly options: Pick<RehearsalOptions, 'program' | 'level'>;
  /** Absent: every host has a load of its own, and no restored set becomes a replica. */
  readonly replication: Replication | undefined;
  readonly say: Say;
}

/** The main job once. All that it made is given back at its end: the next round finds the hosts as this one did. */
export async function rehearseRound(stage: Stage): Promise<readonly RehearsedHost[]> {
  const { lab, controller, options, replication, say } = stage;
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
  const results = await controller.snapshot(scope);
  say(`${results.length} hosts have taken their sets.`);
  await Promise.all(loads.map((load) => load.hasDone(BEYOND_THE_SET)));
  // Restored servers recover many times more slowly beside the full load, and a replica needs only a few commits to follow.
  for (const load of loads) load.throttle();

  await using copies = new Undo();
  const restored = await restoreAll(stage, results, copies);
  // A replica that only has to read what is there already has not followed anybody.
  if (replication) await Promise.all(loads.map((load) => load.hasDone(BEYOND_THE_SET)));
  const reports = await Promise.all(loads.map((load) => load.stop()));
  const end = replication && (await endOf(replication));

  const rehearsed: RehearsedHost[] = [];
  for (const [index, set] of restored.entries()) {
    const report = reports[replication ? 0 : index];
    if (!report) throw new RunError('bug', 'a load has handed over no report');
    rehearsed.push(await prove(stage, set, report, end));
  }
  for (const { instanceId, complaints } of rehearsed) {
    for (const complaint of complaints) say(`Not proven on ${instanceId}: ${complaint}.`);
  }
  await lab.ebs.discardCaptures();
  await Promise.all(hosts.map(purgeBinlogs));
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

/** A host's set, restored: once, or once for each place where a replica of the source can begin. */
interface RestoredHost {
  readonly host: SimulatedHost;
  readonly isReplica: boolean;
  readonly result: Result;
  readonly set: RestoredSet;
  readonly followers: readonly Follower[];
}

/** Restores the sets of all hosts at once; where one fails the others come to their end, so that `copies` holds all. */
async function restoreAll(stage: Stage, results: readonly Result[], copies: Undo): Promise<readonly RestoredHost[]> {
  const restores = stage.lab.hosts.map((host) => restoreHost(stage, host, results, copies));
  const settled = await Promise.allSettled(restores);
  const failure = settled.find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
  return Promise.all(restores);
}

async function restoreHost(
  stage: Stage,
  host: SimulatedHost,
  results: readonly Result[],
  copies: Undo,
): Promise<RestoredHost> {
  const { lab, options, replication, say } = stage;
  const result = results.find(({ instance }) => instance === host.instanceId);
  if (!result?.set) throw new RunError('rehearsal-failed', `${host.instanceId} reported no set`);
  const isReplica = replication !== undefined && host !== replication.source;
  const ledgers = ledgersOf(stage);
  const taken = { name: result.set, snapshotIds: await findSet(lab.aws, result.set, options.level) };
  say(`Restoring ${taken.name}.`);
  const restore = async (copy: number) => {
    const serverId = FIRST_RESTORED_ID + host.serverId * MOST_COPIES + copy;
    return copies.use(await restoreSet(lab, host, taken, { serverId, ledgers, isReplica }));
  };
  const set = await restore(0);
  const followers: Follower[] = [];
  if (replication) {
    for (const [copy, beginning] of beginningsOf(set.coordinates, isReplica).entries()) {
      const restored = copy === 0 ? set : await restore(copy);
      followers.push(await followSource(restored, replication.address, beginning, lab.shell.signal));
    }
  }
  return { host, isReplica, result, set, followers };
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
  const { host, isReplica, result, set, followers } = restored;
  const source = isReplica ? stage.replication?.source : undefined;
  const proof = proveSet(await gatherEvidence(stage.lab.shell, host, set, load, source));
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
