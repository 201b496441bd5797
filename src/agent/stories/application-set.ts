import { type Coordinates, sameCoordinates } from '../../shared/coordinates.ts';
import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import { outcomeOf } from '../../shared/result.ts';
import { untilCancelled } from '../cancellation.ts';
import { createSetRequest } from '../plan/create-set-request.ts';
import { WRITE_UNDER_LOCK_MS } from '../plan/idle-limit.ts';
import { fileSystemsOf } from '../plan/mounts.ts';
import { SET_FILES, setFiles } from '../plan/set-files.ts';
import type { CreateSetAnswer } from '../ports.ts';
import { applierRecord } from '../state-paths.ts';
import { WATCHDOG_COMMAND, type WatchdogRequest } from '../window/applier-watchdog-request.ts';
import { keepAppliersStopped } from '../window/appliers.ts';
import { proveCoordinatesUnmoved, readCoordinates, readCoordinatesAt, requireBinlog } from '../window/coordinates.ts';
import { spawnDetached } from '../window/detached-process.ts';
import { type FileWriter, startFileWriter } from '../window/file-writer.ts';
import { type GateOptions, passGate } from '../window/gate.ts';
import { type Guard, startGuard } from '../window/guard.ts';
import { refuseLockHolders } from '../window/lock-holders.ts';
import { refuseOtherBackup } from '../window/other-backup.ts';
import type { Proof } from '../window/proof.ts';
import { proveEnginesUnused } from '../window/prove-engines-unused.ts';
import { proveLockHeld } from '../window/prove-lock-held.ts';
import {
  proveSettingsUnchanged,
  proveSourcesUnchanged,
  proveStorageUnchanged,
} from '../window/prove-plan-unchanged.ts';
import { LockNotGranted, PAUSE_BETWEEN_TRIES_MS, takeReadLock } from '../window/read-lock.ts';
import { askServer } from '../window/recorded-server.ts';
import { proveRedoDurable } from '../window/redo-log.ts';
import { refuseUnplannedFiles } from '../window/refuse-unplanned-files.ts';
import { type Syncer, startSyncer } from '../window/syncer.ts';
import type { Attempt, SnapshotPorts, TakenSet } from './attempt.ts';
import { provePermission } from './attempt.ts';
import { gradeSet, setCreated } from './grade-set.ts';

/** The background flush of the redo log comes every second by default. */
const REDO_DEADLINE_MS = 3_000;
/** How often the coordinates may move between the reading and the writing of them. */
const RECORD_TRIES = 3;

interface LockedAttempt extends Attempt {
  readonly guard: Guard;
  readonly syncer: Syncer;
  readonly writer: FileWriter;
}

/** Level `application`: commits wait from the lock to the unlock, and the file systems are frozen within. */
export async function takeApplicationSet(attempt: Attempt): Promise<void> {
  const { plan, writerLock, ports } = attempt;
  // 4. The guard, the syncer and the file writer stand ready before anything is locked.
  await using guard = await startGuardOf(attempt);
  await using syncer = await startSyncer(ports.processes, fileSystemsOf(plan), writerLock);
  await using writer = await startFileWriter(ports.processes, plan.facts.server, writerLock);

  let taken: TakenSet | undefined;
  try {
    const locked = { ...attempt, guard, syncer, writer };
    // While the replica still applies: what refuses the run, or keeps it waiting, does so here.
    if (plan.appliers) await untilCancelled(ports.signal, () => prepareTry(locked, emitKilled(ports)));
    await using _stoppedReplica = await stopReplica(locked);
    taken = await tryForSet(locked);
  } catch (error) {
    // The replica could not be started again. The set is what it is, but a person is needed whatever its grade.
    if (taken !== undefined) await gradeSet(plan, taken, ports).catch(() => {});
    throw error;
  }
  // 10. What came back is held against the plan, and the grade is set.
  const later = plan.lock.unblockCommits ? [] : await proveEnginesUnused(attempt.session, plan.facts.server);
  await gradeSet(plan, { ...taken, proofs: [...taken.proofs, ...later] }, ports);
}

/** Where it was asked for: nothing is applied, so that the replica's place in its source is exact. */
async function stopReplica({ plan, session, guard, ports }: LockedAttempt): Promise<AsyncDisposable | undefined> {
  if (plan.appliers === undefined) return undefined;
  const { processes, ownProgram, applierRecords } = ports;
  // Where systemd would not have the guard it will not have the watchdog.
  const home = guard.unitFailure === undefined ? ports.isolation : 'session';
  const connection = await untilCancelled(ports.signal, () => ports.connection());
  const record = { file: applierRecord(plan.run), server: await askServer(session), plan: plan.appliers };
  const watchdog = spawnDetached(processes, home, WATCHDOG, [...ownProgram, WATCHDOG_COMMAND]);
  watchdog.send(JSON.stringify({ connection, ...record } satisfies WatchdogRequest));
  const stopped = await keepAppliersStopped(plan.appliers, watchdog, {
    session,
    connect: () => ports.connect(),
    forget: () => applierRecords.remove(record),
  });
  ports.emit({ type: 'appliers-stopped', channels: plan.appliers.channels.length });
  return stopped;
}

const WATCHDOG = { name: 'applier-watchdog', description: 'starts the appliers that mysql-ebs-snapshot has stopped' };

async function startGuardOf({ plan, request, ports }: Attempt): Promise<Guard> {
  const { run } = plan;
  const mounts = fileSystemsOf(plan, plan.freeze);
  const windowMs = request.freezeTimeoutMs;
  const guard = await startGuard(ports.processes, ports.clock, { run, mounts, windowMs, home: ports.isolation });
  ports.emit({ type: 'guard-ready', mounts: mounts.length });
  if (guard.unitFailure !== undefined) {
    const message = `the guard could not be given a systemd unit of its own, a kill of our cgroup would reach it: ${guard.unitFailure}`;
    ports.emit({ type: 'warned', code: 'guard-without-unit', message });
  }
  return guard;
}

const emitKilled =
  ({ emit }: SnapshotPorts): GateOptions['killed'] =>
  (message) =>
    emit({ type: 'warned', code: 'statement-killed', message });

/** Tries for the lock; only a lock that was not granted in time, with everything given back, is tried for again. */
async function tryForSet(attempt: LockedAttempt): Promise<TakenSet> {
  const { request, ports } = attempt;
  let serverTouched = attempt.plan.appliers !== undefined;
  let hasKilled = false;
  const killed = (message: string) => {
    serverTouched = true;
    hasKilled = true;
    emitKilled(ports)(message);
  };
  let stalled: LockNotGranted | undefined;
  return poll(ports.clock, { firstMs: PAUSE_BETWEEN_TRIES_MS, signal: ports.signal }, async (number) => {
    hasKilled = false;
    try {
      const way = await untilCancelled(ports.signal, () => prepareTry(attempt, killed));
      // Who blocked the last try has not been seen: it may live on, and make commits wait once more.
      if (stalled !== undefined && way === 'open' && !hasKilled) throw stalled;
    } catch (error) {
      throw serverTouched ? asFailure(error) : error;
    }
    serverTouched = true;
    ports.emit({
      type: 'lock-asked',
      attempt: number,
      attempts: request.lockTries,
      timeoutSeconds: request.lockTimeoutSeconds,
    });
    try {
      return await takeSetUnderLock(attempt);
    } catch (error) {
      if (!(error instanceof LockNotGranted)) throw error;
      ports.emit({ type: 'lock-not-granted', attempt: number, stallMs: error.stallMs });
      stalled = error.stallMs > 0 ? error : undefined;
      const isBlockerUnseen = stalled !== undefined && !attempt.plan.lock.blockersSeen;
      if (number >= request.lockTries || isBlockerUnseen) throw error;
      return undefined;
    }
  });
}

/**
 * Whatever can be known before the lock is asked for, so that it is held for as short as possible. Answers whether something
 * was in the way, and has gone.
 */
async function prepareTry(attempt: LockedAttempt, killed: GateOptions['killed']): Promise<'open' | 'waited'> {
  const { request, plan, session, syncer, writer, ports } = attempt;
  const { clock, signal } = ports;
  const pass = () => passGate(session, plan.lock, request, { clock, signal, killed });

  // 5. No file system is stuck, no long statement in the way, the file systems synced (4), no other backup, and EC2 would
  // accept the request.
  await syncer.probe();
  await writer.open(SET_FILES);
  // No statement is killed for a set that EC2 would refuse.
  if (request.killLongQueriesAfterSeconds !== undefined) await provePermission(attempt);
  let way = await pass();
  for (;;) {
    await syncer.syncAhead();
    await refuseOtherBackup(session, plan.lock, request.lockTimeoutSeconds, clock, signal);
    await refuseLockHolders(session, plan.lock, request.lockTimeoutSeconds, clock, signal);
    // Both may have taken their time: the connection that the one request goes by has to be fresh.
    await provePermission(attempt);
    // The last question before the lock. Where it had to wait, what has been proven is old.
    if ((await pass()) === 'open') return way;
    way = 'waited';
  }
}

/** A refusal says that the host was left alone; after a try for the lock, or a kill, that is no longer true. */
function asFailure(error: unknown): unknown {
  if (!(error instanceof RunError) || outcomeOf(error.code) !== 'refused') return error;
  const message = `the lock had been asked for, a statement killed or the SQL thread stopped, and then: ${error.message}`;
  return new RunError('lock-timeout', message, { cause: error, hint: error.hint });
}

/** The stall: from here to the end of the inner block commits may wait. */
async function takeSetUnderLock(attempt: LockedAttempt): Promise<TakenSet> {
  const { request, plan, owner, session, guard, syncer, ports } = attempt;
  const { clock, ec2, emit } = ports;
  // 6. The read lock.
  let files = plan.facts.server.files;
  const lock = await takeReadLock(session, plan.lock, request.lockTimeoutSeconds, clock, async () => {
    files = await refuseUnplannedFiles(session, ports.host, plan);
  });
  let frozenMs: number | undefined;
  let answer: CreateSetAnswer | undefined;
  let apiMs = 0;
  try {
    await using _untilUnlocked = lock;
    // 7. The redo log durable, the coordinates read and written.
    const first = await readCoordinatesAt(session, plan.lock);
    await proveRedoDurable(session, plan.lock.redo, first.lsn, clock, REDO_DEADLINE_MS);
    const { coordinates, takenAt } = await recordCoordinates(attempt, first.coordinates);
    await syncer.syncUnderLock(plan.syncOnly);

    const createSet = createSetRequest(plan, coordinates, takenAt, owner);
    // 8. The freeze, and the one request.
    const window = await guard.freeze(request.freezeTimeoutMs);
    try {
      await using _untilThawed = window;
      const asked = clock.elapsed();
      answer = await ec2.createSet(createSet, Math.round(request.freezeTimeoutMs - (asked - window.since)));
      apiMs = Math.round(clock.elapsed() - asked);
    } finally {
      frozenMs = window.frozenMs;
    }

    // 9. Thawed: what was promised is proven, and the lock is released.
    const proofs: Proof[] = [
      ...(plan.freeze.length > 0 ? [frozenThroughout(window.heldThroughout)] : []),
      await proveLockHeld(session, plan.lock),
      await proveCoordinatesUnmoved(session, plan.lock, coordinates),
    ];
    // On MySQL commits go on here; DDL, and so the list of files, is still held back. A setting that was changed and changed
    // back shows afterwards as well.
    await lock.unblockCommits();
    proofs.push(
      await proveSettingsUnchanged(session, plan),
      await proveSourcesUnchanged(session, plan),
      await proveStorageUnchanged(ports.host, plan, files),
    );
    if (plan.lock.unblockCommits && plan.lock.ddl) {
      proofs.push(...(await proveEnginesUnused(session, plan.facts.server)));
      proofs.push(await proveLockHeld(session, plan.lock.ddl));
    }
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
async function recordCoordinates(
  { plan, session, writer, ports }: LockedAttempt,
  first: Coordinates,
): Promise<{ coordinates: Coordinates; takenAt: Date }> {
  let coordinates = first;
  if (plan.facts.server.binlogEnabled) requireBinlog(coordinates, plan.lock);
  for (let number = 1; ; number++) {
    const takenAt = ports.clock.now();
    await writer.write(setFiles(plan, coordinates, takenAt), WRITE_UNDER_LOCK_MS);
    const now = await readCoordinates(session, plan.lock);
    if (sameCoordinates(now, coordinates) || number === RECORD_TRIES) return { coordinates, takenAt };
    coordinates = now;
  }
}
