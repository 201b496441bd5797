import { type Coordinates, sameCoordinates } from '../../shared/coordinates.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { SnapshotId } from '../../shared/ids.ts';
import { outcomeOf } from '../../shared/result.ts';
import { TAG } from '../../shared/tags.ts';
import { discover } from '../discovery/discover.ts';
import { createSetRequest } from '../plan/create-set-request.ts';
import { approve, describeServer, planSnapshot } from '../plan/plan-snapshot.ts';
import { setFiles } from '../plan/set-files.ts';
import type { SnapshotPlan, SnapshotRequest } from '../plan/snapshot-plan.ts';
import type {
  Clock,
  CreatedSnapshot,
  CreateSetAnswer,
  Ec2,
  Emit,
  FreezeRecords,
  HostReader,
  Processes,
  ServerSession,
} from '../ports.ts';
import { untilCancelled } from '../window/cancellable.ts';
import { proveCoordinatesUnmoved, readCoordinates } from '../window/coordinates.ts';
import { type FileWriter, startFileWriter } from '../window/file-writer.ts';
import { type GateWorld, passGate } from '../window/gate.ts';
import { type Guard, startGuard } from '../window/guard.ts';
import type { GuardHome } from '../window/guard-launch.ts';
import { thawLeftovers } from '../window/leftovers.ts';
import { proveLockHeld } from '../window/lock-witness.ts';
import { refuseOtherBackup } from '../window/other-backup.ts';
import type { Proof } from '../window/proof.ts';
import { LockNotGranted, takeReadLock } from '../window/read-lock.ts';
import { proveRedoDurable } from '../window/redo-log.ts';
import { refuseOtherServer } from '../window/same-server.ts';
import { syncAhead, syncUnderLock } from '../window/sync.ts';

/** What the run needs of the world. */
export interface SnapshotWorld {
  readonly host: HostReader;
  readonly ec2: Ec2;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly freezeRecords: FreezeRecords;
  readonly guardHome: GuardHome;
  takeRunLock(): Promise<AsyncDisposable>;
  connect(): Promise<ServerSession>;
  /** Cancels the run wherever nothing has to be undone; what is held is always given back first. */
  readonly signal: AbortSignal;
}

/** Our files are small; a data directory that cannot take them in this time is in trouble of its own. */
const WRITE_DEADLINE_MS = 5_000;
/** The background flush of the redo log comes every second by default. */
const REDO_DEADLINE_MS = 3_000;
const PAUSE_BETWEEN_TRIES_MS = 5_000;
/** How often the coordinates may move between the reading and the writing of them. */
const RECORD_TRIES = 3;
/** EC2 is eventually consistent: how often and how long a set is looked for after an ambiguous answer. */
const LOOK_UP = { tries: 5, pauseMs: 2_000 };

/** The run. Ends well, or throws the RunError that says how it ended; what happened is told by events. */
export async function snapshot(request: SnapshotRequest, world: SnapshotWorld): Promise<void> {
  await using _alone = await world.takeRunLock();
  await undoEarlierRuns(world);

  await using session = await untilCancelled(world.signal, () => world.connect());

  const { plan, owner } = await untilCancelled(world.signal, () => makePlan(request, session, world));

  await using guard = await startGuardOf(plan, request, world);
  await using writer = await startFileWriter(
    world.processes,
    plan.facts.server.datadir,
    plan.facts.server.datadirOwner,
  );

  const taken = await takeSet({ request, plan, owner, session, guard, writer, world });
  await grade(plan, taken, world);
}

/** A server on a frozen file system answers nobody, so what a run that died has left frozen comes first. */
async function undoEarlierRuns({ processes, freezeRecords, emit }: SnapshotWorld): Promise<void> {
  const { thawed, failed } = await thawLeftovers(processes, freezeRecords);
  for (const mount of thawed) {
    emit({ type: 'warned', code: 'left-frozen', message: `an earlier run had left ${mount} frozen; it is thawed` });
  }
  if (failed.length > 0) throw new RunError('thaw-failed', `left by an earlier run: ${failed.join('; ')}`);
}

async function makePlan(
  request: SnapshotRequest,
  session: ServerSession,
  world: SnapshotWorld,
): Promise<{ plan: SnapshotPlan; owner: string }> {
  const facts = await discover(world.host, session, world.ec2);
  world.emit({ type: 'instance-known', instance: facts.instance.instanceId, region: facts.instance.region });
  world.emit({ type: 'server-known', server: describeServer(facts.server), datadir: facts.server.datadir });

  const plan = approve(await refuseOtherServer(planSnapshot(request, facts), session, world.processes));
  for (const warning of plan.warnings) world.emit({ type: 'warned', ...warning });
  const { set, members: volumes, freeze: freezes, syncOnly: syncs, exclude } = plan;
  world.emit({ type: 'planned', set, volumes, freezes, syncs, excludes: exclude.dataVolumes.length });
  return { plan, owner: await world.ec2.userId() };
}

async function startGuardOf(plan: SnapshotPlan, request: SnapshotRequest, world: SnapshotWorld): Promise<Guard> {
  const { run, freeze: mounts } = plan;
  const windowMs = request.freezeTimeoutMs;
  const guard = await startGuard(world.processes, world.clock, { run, mounts, windowMs, home: world.guardHome });
  world.emit({ type: 'guard-ready', mounts: mounts.length });
  if (guard.withoutUnit !== undefined) {
    const message = `the guard could not be given a systemd unit of its own, a kill of our cgroup would reach it: ${guard.withoutUnit}`;
    world.emit({ type: 'warned', code: 'guard-without-unit', message });
  }
  return guard;
}

/** Everything a try for the set works with. */
interface Attempt {
  readonly request: SnapshotRequest;
  readonly plan: SnapshotPlan;
  readonly owner: string;
  readonly session: ServerSession;
  readonly guard: Guard;
  readonly writer: FileWriter;
  readonly world: SnapshotWorld;
}

/** What is known once everything has been given back. */
interface TakenSet {
  readonly coordinates: Coordinates;
  readonly answer: CreateSetAnswer;
  readonly apiMs: number;
  readonly proofs: readonly Proof[];
}

/** Tries for the lock; only a lock that was not granted in time, with everything given back, is tried for again. */
async function takeSet(attempt: Attempt): Promise<TakenSet> {
  const { request, world } = attempt;
  let serverTouched = false;
  const killed = (message: string) => {
    serverTouched = true;
    world.emit({ type: 'warned', code: 'statement-killed', message });
  };
  for (let number = 1; ; number++) {
    try {
      await untilCancelled(world.signal, () => prepareTry(attempt, killed));
    } catch (error) {
      throw serverTouched ? noRefusal(error) : error;
    }
    serverTouched = true;
    world.emit({
      type: 'lock-asked',
      attempt: number,
      attempts: request.lockTries,
      timeoutSeconds: request.lockTimeoutSeconds,
    });
    try {
      return await takeSetUnderLock(attempt);
    } catch (error) {
      if (!(error instanceof LockNotGranted)) throw error;
      world.emit({ type: 'lock-not-granted', attempt: number, stallMs: error.stallMs });
      if (number >= request.lockTries) throw error;
      await world.clock.sleep(PAUSE_BETWEEN_TRIES_MS, world.signal);
    }
  }
}

/** Whatever can be known before the lock is asked for, so that it is held for as short as possible. */
async function prepareTry(attempt: Attempt, killed: GateWorld['killed']): Promise<void> {
  const { request, plan, session, world } = attempt;
  const { clock, signal } = world;
  const pass = () => passGate(session, plan.lock, request, { clock, signal, killed });

  // Nobody's statement is killed for a set that EC2 would refuse.
  if (request.killLongQueriesAfterSeconds !== undefined) await provePermission(attempt);
  await pass();
  do {
    await provePermission(attempt);
    await syncAhead(world.processes, [...plan.freeze, ...plan.syncOnly]);
    await refuseOtherBackup(session, plan.lock, request.lockTimeoutSeconds, clock, signal);
    // The last question before the lock. Where it had to wait, what has been proven is old.
  } while ((await pass()) === 'waited');
}

async function provePermission({ plan, owner, world }: Attempt): Promise<void> {
  await world.ec2.proveCreateSet(createSetRequest(plan, {}, world.clock.now(), owner));
  world.emit({ type: 'permission-proven' });
}

/** A refusal says that the host was left alone; after a try for the lock, or a kill, that is no longer true. */
function noRefusal(error: unknown): unknown {
  if (!(error instanceof RunError) || outcomeOf(error.code) !== 'refused') return error;
  const message = `the lock had been asked for, or a statement killed, and then: ${error.message}`;
  return new RunError('lock-timeout', message, { cause: error, hint: error.hint });
}

/** The stall: from here to the end of the inner block commits may wait. */
async function takeSetUnderLock(attempt: Attempt): Promise<TakenSet> {
  const { request, plan, owner, session, guard, world } = attempt;
  const { clock, ec2, emit } = world;
  const lock = await takeReadLock(session, plan.lock, request.lockTimeoutSeconds, clock);
  let frozenMs: number | undefined;
  let answer: CreateSetAnswer | undefined;
  let apiMs = 0;
  try {
    await using _untilUnlocked = lock;
    await proveRedoDurable(session, plan.lock.redo, clock, REDO_DEADLINE_MS);
    const { coordinates, takenAt } = await recordCoordinates(attempt);
    await syncUnderLock(world.processes, plan.syncOnly);

    const createSet = createSetRequest(plan, coordinates, takenAt, owner);
    const window = await guard.freeze(request.freezeTimeoutMs);
    try {
      await using _untilThawed = window;
      const asked = clock.elapsed();
      answer = await ec2.createSet(createSet, Math.round(request.freezeTimeoutMs - (asked - window.since)));
      apiMs = Math.round(clock.elapsed() - asked);
    } finally {
      frozenMs = window.frozenMs;
    }

    const proofs = [
      ...(plan.freeze.length > 0 ? [frozenThroughout(window.heldThroughout)] : []),
      await proveLockHeld(session, plan.lock),
      await proveCoordinatesUnmoved(session, plan.lock, coordinates),
    ];
    return { coordinates, answer, apiMs, proofs };
  } catch (error) {
    // Where the thaw failed nobody comes to grade the set: that it exists is told all the same.
    if (answer?.kind === 'created') emit(setCreated(plan, answer.snapshots, apiMs));
    throw error;
  } finally {
    emit({ type: 'window-closed', stallMs: lock.stallMs ?? 0, ...(frozenMs !== undefined && { frozenMs }) });
  }
}

const frozenThroughout = (held: boolean | undefined): Proof => ({
  name: 'frozen throughout',
  held: held ?? false,
  detail: held ? 'thawed on our order' : 'thawed before our order, or nobody can tell when',
});

/** Reads the coordinates and writes them into the data directory; again, should they move meanwhile. */
async function recordCoordinates({
  plan,
  session,
  writer,
  world,
}: Attempt): Promise<{ coordinates: Coordinates; takenAt: Date }> {
  let coordinates = await readCoordinates(session, plan.lock);
  if (plan.facts.server.binlogEnabled && !coordinates.binlog) {
    throw new RunError('coordinates-unreadable', `${plan.lock.coordinates} answers no row although log_bin is on`);
  }
  for (let number = 1; ; number++) {
    const takenAt = world.clock.now();
    await writer.write(setFiles(plan, coordinates, takenAt), WRITE_DEADLINE_MS);
    const now = await readCoordinates(session, plan.lock);
    if (sameCoordinates(now, coordinates) || number === RECORD_TRIES) return { coordinates, takenAt };
    coordinates = now;
  }
}

/** Says what the set is worth; only what was created whole and proven is raised above `unproven`. */
async function grade(plan: SnapshotPlan, taken: TakenSet, { ec2, clock, emit }: SnapshotWorld): Promise<void> {
  const { answer, proofs } = taken;
  emit({ type: 'coordinates-recorded', coordinates: taken.coordinates });
  for (const proof of proofs) emit({ type: 'proof', ...proof });
  if (answer.kind === 'refused')
    throw new RunError('create-refused', `CreateSnapshots: ${answer.code}: ${answer.message}`);
  if (answer.kind === 'unknown') throw await lookedUp(plan, answer.message, proofs, { ec2, clock, emit });

  const created = setCreated(plan, answer.snapshots, taken.apiMs);
  emit(created);
  const { snapshots: ids } = created;
  const broken = brokenPromise(plan, answer.snapshots, proofs);
  if (broken !== undefined) {
    await tagBroken(ids, ec2, emit);
    throw new RunError('set-broken', broken);
  }
  try {
    await ec2.tagSet(ids, TAG.grade, plan.level);
  } catch (error) {
    throw new RunError('grade-unwritten', `the grade could not be raised: ${messageOf(error)}`, { cause: error });
  }
  emit({ type: 'graded', grade: plan.level });
}

const setCreated = (plan: SnapshotPlan, members: readonly CreatedSnapshot[], apiMs: number) =>
  ({ type: 'set-created', set: plan.set, snapshots: members.map(({ snapshotId }) => snapshotId), apiMs }) as const;

/** The first promise of the run that was not kept. */
function brokenPromise(
  plan: SnapshotPlan,
  snapshots: readonly { volumeId: string }[],
  proofs: readonly Proof[],
): string | undefined {
  const came = snapshots.map((member) => member.volumeId).sort();
  const planned = [...plan.members].sort();
  if (came.join() !== planned.join())
    return `planned ${planned.join(', ')} but the set holds ${came.join(', ') || 'nothing'}`;
  const failed = proofs.find((proof) => !proof.held);
  return failed && `${failed.name}: ${failed.detail}`;
}

/**
 * After an ambiguous answer: looks before it says anything. What is found is never called good; where a proof has
 * failed besides, it is called broken.
 */
async function lookedUp(
  plan: SnapshotPlan,
  reason: string,
  proofs: readonly Proof[],
  { ec2, clock, emit }: Pick<SnapshotWorld, 'ec2' | 'clock' | 'emit'>,
): Promise<RunError> {
  let found: readonly SnapshotId[] = [];
  let trouble = '';
  for (let number = 1; number <= LOOK_UP.tries && found.length < plan.members.length; number++) {
    if (number > 1) await clock.sleep(LOOK_UP.pauseMs);
    try {
      found = (await ec2.findSet(plan.set)).map((member) => member.snapshotId);
      trouble = '';
    } catch (error) {
      trouble = `; the look-up failed too: ${messageOf(error)}`;
    }
  }
  emit({ type: 'looked-up', set: plan.set, found });
  const failed = proofs.find((proof) => !proof.held);
  const worth = failed === undefined || found.length === 0 ? 'unproven' : await tagBroken(found, ec2, emit);
  const seen =
    found.length > 0
      ? `${found.length} of ${plan.members.length} snapshots exist, graded ${worth}`
      : 'no snapshot is found so far';
  return new RunError('outcome-unknown', `CreateSnapshots: ${reason}${trouble}; ${seen}`);
}

/** Says that the set is broken; where EC2 does not let us, it stays unproven, which is no better. */
async function tagBroken(ids: readonly SnapshotId[], ec2: Ec2, emit: Emit): Promise<'broken' | 'unproven'> {
  try {
    await ec2.tagSet(ids, TAG.grade, 'broken');
  } catch (error) {
    const message = `the set stays unproven, it could not be tagged broken: ${messageOf(error)}`;
    emit({ type: 'warned', code: 'grade-unwritten', message });
    return 'unproven';
  }
  emit({ type: 'graded', grade: 'broken' });
  return 'broken';
}
