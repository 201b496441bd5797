import { messageOf, RunError } from '../../shared/errors.ts';
import { SYNC_UNDER_LOCK_MS } from '../plan/idle-limit.ts';
import type { Processes } from '../ports.ts';

/** Ahead of the lock nobody waits for us: a slow device may take its time. */
const AHEAD_DEADLINE_MS = 120_000;

/** Flushes the file systems without a lock: what has been written so far is on the volumes. */
export const syncAhead = (processes: Processes, mounts: readonly string[]): Promise<void> =>
  syncFileSystems(processes, mounts, AHEAD_DEADLINE_MS);

/** Flushes the file systems that are not frozen; a freeze flushes by itself. */
export const syncUnderLock = (processes: Processes, mounts: readonly string[]): Promise<void> =>
  syncFileSystems(processes, mounts, SYNC_UNDER_LOCK_MS);

async function syncFileSystems(processes: Processes, mounts: readonly string[], deadlineMs: number): Promise<void> {
  if (mounts.length === 0) return;
  let complaint: string;
  try {
    const { status, stderr } = await processes.run(['sync', '--file-system', ...mounts], { deadlineMs });
    if (status === 0) return;
    complaint = stderr.trim();
  } catch (error) {
    complaint = messageOf(error);
  }
  throw new RunError(
    'write-failed',
    `sync of ${mounts.join(', ')}: ${complaint || `not done within ${deadlineMs} ms`}`,
  );
}
