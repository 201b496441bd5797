import { messageOf } from '../../shared/errors.ts';
import type { FreezeRecord, Processes } from '../ports.ts';
import { shellProgram } from './shell.ts';
import program from './thaw.sh';

const THAW_DEADLINE_MS = 10_000;

/** What became of a thaw from outside the guard; `failed` holds the reason. */
export type Thaw = 'thawed' | 'was not frozen' | { readonly failed: string; readonly isMounted: boolean };

/**
 * Thaws one file system where it is mounted now, for a guard that can no longer do it. One that is mounted nowhere fails:
 * if it was frozen, it is frozen still (seen on Linux 6.18 after `umount --lazy`). Never throws.
 */
export async function thaw(
  processes: Pick<Processes, 'run'>,
  { mountPoint, device }: Omit<FreezeRecord, 'file'>,
): Promise<Thaw> {
  try {
    const argv = shellProgram(program, 'thaw', device ?? mountPoint);
    const { stdout, stderr } = await processes.run(argv, { deadlineMs: THAW_DEADLINE_MS });
    const [, word, reason] = /^(\w+) ?(.*)$/s.exec(stdout.trim()) ?? [];
    if (word === 'thawed') return 'thawed';
    if (word === 'gone') return 'was not frozen';
    if (word === 'nowhere') return { failed: mountedNowhere(device), isMounted: false };
    return { failed: reason || stderr.trim() || 'fsfreeze ended without an answer', isMounted: true };
  } catch (error) {
    return { failed: messageOf(error), isMounted: true };
  }
}

const mountedNowhere = (device: string | undefined): string =>
  `${device === undefined ? 'it' : `its device ${device}`} is mounted nowhere, and a file system that was unmounted while frozen stays frozen`;
