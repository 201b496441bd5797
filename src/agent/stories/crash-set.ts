import { poll } from '../../shared/poll.ts';
import { untilCancelled } from '../cancellation.ts';
import { createSetRequest } from '../plan/create-set-request.ts';
import { CREATE_WITHOUT_COMMITS_HELD_MS } from '../plan/idle-limit.ts';
import { fileSystemsOf } from '../plan/mounts.ts';
import { setFiles } from '../plan/set-files.ts';
import type { SnapshotPlan } from '../plan/snapshot-plan.ts';
import { startFileWriter } from '../window/file-writer.ts';
import { refuseOtherBackup } from '../window/other-backup.ts';
import { proveLockHeld } from '../window/prove-lock-held.ts';
import {
  proveSettingsUnchanged,
  proveSourcesUnchanged,
  proveStorageUnchanged,
} from '../window/prove-plan-unchanged.ts';
import { proveRecoveryUnchanged } from '../window/prove-recovery-exact.ts';
import { holdDdl, LockNotGranted, PAUSE_BETWEEN_TRIES_MS } from '../window/read-lock.ts';
import { refuseUnplannedFiles } from '../window/refuse-unplanned-files.ts';
import { type Syncer, startSyncer } from '../window/syncer.ts';
import type { Attempt, TakenSet } from './attempt.ts';
import { provePermission } from './attempt.ts';
import { gradeSet } from './grade-set.ts';

/** No commit waits for us: a slow device may take its time. */
const WRITE_DEADLINE_MS = 60_000;

interface SyncedAttempt extends Attempt {
  readonly syncer: Syncer;
}

/**
 * Level `crash`: no commit waits and nothing is frozen. The image recovers as after a power cut, which is proven exact;
 * where that is not so for DDL, DDL alone is held back.
 */
export async function takeCrashSet(attempt: Attempt): Promise<void> {
  const { plan, writerLock, ports } = attempt;
  await using syncer = await startSyncer(ports.processes, fileSystemsOf(plan), writerLock);
  const takenAt = await untilCancelled(ports.signal, () => prepare({ ...attempt, syncer }));
  const taken = await takeWithoutDdl({ ...attempt, syncer }, takenAt);
  const stillExact = await proveRecoveryUnchanged(
    attempt.session,
    ports.host,
    plan.facts.server,
    plan.lock.ddl !== undefined,
  );
  await gradeSet(plan, { ...taken, proofs: [...taken.proofs, stillExact] }, ports);
}

/** Answers the time that the manifest tells. */
async function prepare(attempt: SyncedAttempt): Promise<Date> {
  const { request, plan, session, syncer, ports } = attempt;
  const { clock, signal } = ports;
  await syncer.probe();
  await provePermission(attempt);
  const takenAt = await writeFiles(attempt);
  // What the server did not sync has to reach the volumes as well: what others wrote, we ourselves among them, and what
  // was committed before sync_binlog and its like became what they have to be, perhaps a moment ago.
  await syncer.syncAhead();
  if (plan.lock.ddl) await refuseOtherBackup(session, plan.lock, request.lockTimeoutSeconds, clock, signal);
  // All that took its time: the connection that the one request goes by has to be fresh.
  await provePermission(attempt);
  return takenAt;
}

const mountsOf = ({ facts }: SnapshotPlan): readonly string[] =>
  facts.storage.mounts.map(({ mountPoint }) => mountPoint);

async function writeFiles({ plan, writerLock, ports }: Attempt): Promise<Date> {
  await using writer = await startFileWriter(ports.processes, plan.facts.server, writerLock);
  const takenAt = ports.clock.now();
  await writer.write(setFiles(plan, {}, takenAt), WRITE_DEADLINE_MS);
  return takenAt;
}

async function takeWithoutDdl(attempt: SyncedAttempt, takenAt: Date): Promise<TakenSet> {
  const { plan, owner, session, syncer, ports } = attempt;
  const { clock, ec2 } = ports;
  let files = plan.facts.server.files;
  await using held = await tryToHoldDdl(attempt, async () => {
    files = await refuseUnplannedFiles(session, ports.host, plan);
  });
  // MariaDB syncs no change of a folder: of DDL that has ended, files may still be named as they were before it.
  if (held) await syncer.syncUnderLock(mountsOf(plan));

  const asked = clock.elapsed();
  const answer = await ec2.createSet(createSetRequest(plan, {}, takenAt, owner), CREATE_WITHOUT_COMMITS_HELD_MS);
  const apiMs = Math.round(clock.elapsed() - asked);

  const proofs = [
    ...(held && plan.lock.ddl ? [await proveLockHeld(session, plan.lock.ddl)] : []),
    await proveSettingsUnchanged(session, plan),
    await proveSourcesUnchanged(session, plan),
    await proveStorageUnchanged(ports.host, plan, files),
  ];
  return { answer, apiMs, proofs };
}

/** Tries as often as for the read lock; nobody's commit has waited in between. */
async function tryToHoldDdl(
  { request, plan, session, ports }: Attempt,
  onceDdlIsHeld: () => Promise<void>,
): Promise<AsyncDisposable | undefined> {
  const { lockTimeoutSeconds: seconds, lockTries } = request;
  const { ddl } = plan.lock;
  if (ddl === undefined) return undefined;
  return poll(ports.clock, { firstMs: PAUSE_BETWEEN_TRIES_MS, signal: ports.signal }, async (number) => {
    try {
      return await holdDdl(session, plan.lock, ddl, seconds, onceDdlIsHeld);
    } catch (error) {
      if (!(error instanceof LockNotGranted) || number >= lockTries) throw error;
      ports.emit({ type: 'lock-not-granted', attempt: number, stallMs: 0 });
      return undefined;
    }
  });
}
