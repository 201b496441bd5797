import { type Coordinates, sameCoordinates } from '../../shared/coordinates.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import { outcomeOf } from '../../shared/result.ts';
import { TAG } from '../../shared/tags.ts';
import { discover } from '../discovery/discover.ts';
import { createSetRequest } from '../plan/create-set-request.ts';
import { approve, describeServer, planSnapshot } from '../plan/plan-snapshot.ts';
import { setFiles } from '../plan/set-files.ts';
import type { SnapshotPlan, SnapshotRequest } from '../plan/snapshot-plan.ts';
import type { Clock, CreateSetAnswer, Ec2, Emit, HostReader, Processes, RunLock, ServerSession } from '../ports.ts';
import { proveCoordinatesUnmoved, readCoordinates } from '../window/coordinates.ts';
import { type FileWriter, startFileWriter } from '../window/file-writer.ts';
import { refuseLongStatements } from '../window/gate.ts';
import { type Guard, startGuard } from '../window/guard.ts';
import { proveLockHeld } from '../window/lock-witness.ts';
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
  takeRunLock(): Promise<RunLock>;
  connect(): Promise<ServerSession>;
  /** Cancels the run at the next step at which nothing has to be undone; what is held is always given back first. */
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
  await using runLock = await world.takeRunLock();
  await using session = await world.connect();

  const plan = await makePlan(request, session, world);
  const owner = await world.ec2.userId();

  await using guard = await startGuard(
    world.processes,
    world.clock,
    plan.freeze,
    request.freezeTimeoutMs,
    runLock.descriptor,
  );
  world.emit({ type: 'guard-ready', mounts: plan.freeze.length });
  await using writer = await startFileWriter(
    world.processes,
    plan.facts.server.datadir,
    plan.facts.server.datadirOwner,
  );

  const taken = await takeSet({ request, plan, owner, session, guard, writer, world });
  await grade(plan, taken, world);
}

async function makePlan(request: SnapshotRequest, session: ServerSession, world: SnapshotWorld): Promise<SnapshotPlan> {
  const facts = await discover(world.host, session, world.ec2);
  world.emit({ type: 'instance-known', instance: facts.instance.instanceId, region: facts.instance.region });
  world.emit({ type: 'server-known', server: describeServer(facts.server), datadir: facts.server.datadir });

  const plan = approve(await refuseOtherServer(planSnapshot(request, facts), session, world.processes));
  for (const warning of plan.warnings) world.emit({ type: 'warned', ...warning });
  const { set, members: volumes, freeze: freezes, syncOnly: syncs, exclude } = plan;
  world.emit({ type: 'planned', set, volumes, freezes, syncs, excludes: exclude.dataVolumes.length });
  return plan;
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
  for (let number = 1; ; number++) {
    world.signal.throwIfAborted();
    try {
      await prepareTry(attempt);
    } catch (error) {
      throw number === 1 ? error : afterATry(error);
    }
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
async function prepareTry({ request, plan, owner, session, world }: Attempt): Promise<void> {
  await world.ec2.proveCreateSet(createSetRequest(plan, {}, world.clock.now(), owner));
  world.emit({ type: 'permission-proven' });
  await syncAhead(world.processes, [...plan.freeze, ...plan.syncOnly]);
  await refuseLongStatements(session, plan.lock, request.longQueryThresholdSeconds);
}

/** A refusal says that the host was left alone; after a first try for the lock that is no longer true. */
function afterATry(error: unknown): unknown {
  if (!(error instanceof RunError) || outcomeOf(error.code) !== 'refused') return error;
  const message = `the lock was not granted in the first try, and then: ${error.message}`;
  return new RunError('lock-timeout', message, { cause: error, hint: error.hint });
}

/** The stall: from here to the end of the inner block commits may wait. */
async function takeSetUnderLock(attempt: Attempt): Promise<TakenSet> {
  const { request, plan, owner, session, guard, world } = attempt;
  const { clock, ec2, emit } = world;
  const lock = await takeReadLock(session, plan.lock, request.lockTimeoutSeconds, clock);
  let frozenMs: number | undefined;
  try {
    await using _untilUnlocked = lock;
    await proveRedoDurable(session, plan.lock.redo, clock, REDO_DEADLINE_MS);
    const { coordinates, takenAt } = await recordCoordinates(attempt);
    await syncUnderLock(world.processes, plan.syncOnly);

    const createSet = createSetRequest(plan, coordinates, takenAt, owner);
    const window = await guard.freeze(request.freezeTimeoutMs);
    let answer: CreateSetAnswer;
    let apiMs: number;
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
  if (answer.kind === 'unknown') throw await lookedUp(plan, answer.message, ec2, clock, emit);

  const ids = answer.snapshots.map((member) => member.snapshotId);
  emit({ type: 'set-created', set: plan.set, snapshots: ids, apiMs: taken.apiMs });
  const broken = brokenPromise(plan, answer.snapshots, proofs);
  const worth = broken === undefined ? plan.level : 'broken';
  try {
    await ec2.tagSet(ids, TAG.grade, worth);
  } catch (error) {
    const reason = messageOf(error);
    if (broken === undefined)
      throw new RunError('grade-unwritten', `the grade could not be raised: ${reason}`, { cause: error });
    emit({
      type: 'warned',
      code: 'grade-unwritten',
      message: `the set stays unproven, it could not be tagged broken: ${reason}`,
    });
  }
  emit({ type: 'graded', grade: worth });
  if (broken !== undefined) throw new RunError('set-broken', broken);
}

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

/** After an ambiguous answer: looks before it says anything. Whatever is found stays `unproven`. */
async function lookedUp(plan: SnapshotPlan, reason: string, ec2: Ec2, clock: Clock, emit: Emit): Promise<RunError> {
  let found: readonly string[] = [];
  for (let number = 1; number <= LOOK_UP.tries && found.length === 0; number++) {
    if (number > 1) await clock.sleep(LOOK_UP.pauseMs);
    try {
      found = (await ec2.findSet(plan.set)).map((member) => member.snapshotId);
    } catch (error) {
      reason = `${reason}; the look-up failed too: ${messageOf(error)}`;
    }
  }
  emit({ type: 'looked-up', set: plan.set, found });
  const seen =
    found.length > 0
      ? `${found.length} of ${plan.members.length} snapshots exist, graded unproven`
      : 'no snapshot is found so far';
  return new RunError('outcome-unknown', `CreateSnapshots: ${reason}; ${seen}`);
}
