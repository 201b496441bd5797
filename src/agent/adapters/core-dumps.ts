import { messageOf, RunError } from '../../shared/errors.ts';
import type { Processes } from '../ports.ts';

/**
 * From here on this process and its children leave no core, which would hold whatever secret is in memory. A limit of
 * one byte writes no file and, unlike zero, keeps the kernel from handing the core to a program (core(5)).
 * Throws RunError `host-unfit`.
 */
export async function disableCoreDumps(processes: Processes): Promise<void> {
  const complaint = await limitCore(processes);
  if (complaint === undefined) return;
  throw new RunError('host-unfit', `core dumps of this process cannot be switched off: ${complaint}`, {
    hint: 'Passwords must not end up in a core file: install prlimit (util-linux) and run as root.',
  });
}

async function limitCore(processes: Processes): Promise<string | undefined> {
  try {
    const argv = ['prlimit', '--pid', String(process.pid), '--core=1'];
    const { status, stderr } = await processes.run(argv, { deadlineMs: 5_000 });
    return status === 0 ? undefined : stderr.trim();
  } catch (error) {
    return messageOf(error);
  }
}
