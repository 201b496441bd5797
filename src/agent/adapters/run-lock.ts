import { closeSync, lstatSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { Processes } from '../ports.ts';
import { FREEZE_RECORDS, RUN_LOCK, STATE_FOLDER } from '../state-paths.ts';
import { deviceNumber } from './device-number.ts';

/** The status of flock(1) where somebody else holds the lock. */
const HELD = 1;
/** The guard of a run that has just ended may still be on its way out. */
const PATIENCE_SECONDS = '2';

/**
 * flock on a file that only root can reach: taken alone, then shared with the guard, which keeps it for as long as it
 * lives. So a run begins only where no other agent and no other guard is left. Throws RunError `run-in-progress` or
 * `host-unfit`.
 */
export async function takeRunLock(processes: Processes): Promise<AsyncDisposable> {
  const descriptor = openLockFile();
  try {
    await flock(processes, descriptor, '--exclusive', '--timeout', PATIENCE_SECONDS);
    // On older kernels somebody may be faster in between: he still has it for himself, and this is refused.
    await flock(processes, descriptor, '--shared', '--nonblock');
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { [Symbol.asyncDispose]: async () => closeSync(descriptor) };
}

/** Whether a run is under way on this host, its guard included; the lock is not touched. */
export function isRunUnderWay(): boolean {
  const lock = statSync(RUN_LOCK, { bigint: true, throwIfNoEntry: false });
  if (lock === undefined) return false;
  const { major, minor } = deviceNumber(lock.dev);
  const file = [major, minor].map((each) => each.toString(16).padStart(2, '0')).join(':');
  // `1: FLOCK  ADVISORY  WRITE 1234 00:19:5678 0 EOF`: device and inode [proc_locks(5)]
  const held = readFileSync('/proc/locks', 'utf8').split('\n');
  return held.some((line) => line.includes(' FLOCK ') && line.includes(` ${file}:${lock.ino} `));
}

async function flock(processes: Processes, inherit: number, ...how: readonly string[]): Promise<void> {
  const argv = ['flock', ...how, '3'];
  const { status, stderr } = await processes.run(argv, { deadlineMs: 10_000, inherit }).catch((error: unknown) => {
    throw new RunError('host-unfit', `flock ${RUN_LOCK}: ${messageOf(error)}`, { cause: error });
  });
  if (status === HELD) throw new RunError('run-in-progress', `${RUN_LOCK} is held by another run on this host`);
  if (status !== 0) throw new RunError('host-unfit', `flock ${RUN_LOCK}: ${stderr.trim()}`);
}

function openLockFile(): number {
  makeStateFolder();
  try {
    return openSync(RUN_LOCK, 'a', 0o600);
  } catch (error) {
    throw new RunError('host-unfit', `${RUN_LOCK}: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes the folder of what outlives a process. Throws RunError `host-unfit`. */
export function makeStateFolder(): void {
  try {
    mkdirSync(STATE_FOLDER, { recursive: true, mode: 0o700 });
    const folder = lstatSync(STATE_FOLDER);
    if (!folder.isDirectory() || folder.uid !== 0 || (folder.mode & 0o022) !== 0) {
      throw new RunError('host-unfit', `${STATE_FOLDER} does not belong to root alone`, {
        hint: `Remove it; the next run makes it anew.`,
      });
    }
    mkdirSync(FREEZE_RECORDS, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError('host-unfit', `${STATE_FOLDER}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
