import { closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { Processes, RunLock } from '../ports.ts';
import { FREEZE_RECORDS, RUN_LOCK, STATE_FOLDER } from '../window/state-folder.ts';

/** The status of flock(1) where somebody else holds the lock. */
const HELD = 1;

/**
 * flock on a file that only root can reach. The lock belongs to the open file, which the guard inherits: it ends with
 * the last of the two. Throws RunError `run-in-progress` or `host-unfit`.
 */
export async function takeRunLock(processes: Processes): Promise<RunLock> {
  const descriptor = openLockFile();
  try {
    const { status, stderr } = await processes.run(['flock', '--nonblock', '3'], {
      deadlineMs: 5_000,
      inherit: descriptor,
    });
    if (status === HELD) throw new RunError('run-in-progress', `${RUN_LOCK} is held by another run on this host`);
    if (status !== 0) throw new RunError('host-unfit', `flock ${RUN_LOCK}: ${stderr.trim()}`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { descriptor, [Symbol.asyncDispose]: async () => closeSync(descriptor) };
}

function openLockFile(): number {
  try {
    mkdirSync(STATE_FOLDER, { recursive: true, mode: 0o700 });
    const folder = lstatSync(STATE_FOLDER);
    if (!folder.isDirectory() || folder.uid !== 0 || (folder.mode & 0o022) !== 0) {
      throw new RunError('host-unfit', `${STATE_FOLDER} does not belong to root alone`, {
        hint: `Remove it; the next run makes it anew.`,
      });
    }
    mkdirSync(FREEZE_RECORDS, { recursive: true, mode: 0o700 });
    return openSync(RUN_LOCK, 'a', 0o600);
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError('host-unfit', `${STATE_FOLDER}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
