import { RunError } from '../../shared/errors.ts';
import type { Processes } from '../ports.ts';

/** Programs of util-linux, coreutils and bash that a run starts. */
const PROGRAMS = ['bash', 'fsfreeze', 'flock', 'sync', 'dd', 'mv', 'rm'];

/** Refuses where the host cannot carry a run at all. Throws RunError `host-unfit`. */
export async function checkPrerequisites(processes: Processes): Promise<void> {
  if (process.platform !== 'linux') throw new RunError('host-unfit', `this is ${process.platform}, not Linux`);
  if (process.getuid?.() !== 0)
    throw new RunError('host-unfit', 'freezing a file system needs root', { hint: 'Run as root (sudo).' });
  const answers = await Promise.allSettled(
    PROGRAMS.map((name) => processes.run([name, '--version'], { deadlineMs: 5_000 })),
  );
  const missing = PROGRAMS.filter((_, index) => answers[index]?.status === 'rejected');
  if (missing.length > 0) {
    throw new RunError('host-unfit', `not found on this host: ${missing.join(', ')}`, {
      hint: 'Install bash, coreutils and util-linux.',
    });
  }
}
