import { messageOf } from '../../shared/errors.ts';
import type { Processes } from '../ports.ts';

const THAW_DEADLINE_MS = 10_000;

/** What became of a thaw from outside the guard; `failed` holds the reason. */
export type Thaw = 'thawed' | 'was not frozen' | { readonly failed: string };

/** Thaws one file system, for a guard that can no longer do it. Never throws. */
export async function thaw(processes: Processes, mount: string): Promise<Thaw> {
  try {
    const { status, stderr } = await processes.run(['fsfreeze', '--unfreeze', mount], { deadlineMs: THAW_DEADLINE_MS });
    if (status === 0) return 'thawed';
    // EINVAL: not frozen (any more). A mount that is gone has taken its freeze with it.
    return /invalid argument|no such file/i.test(stderr) ? 'was not frozen' : { failed: stderr.trim() };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}
