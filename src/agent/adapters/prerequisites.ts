import { RunError } from '../../shared/errors.ts';
import { DeadlinePassed, type Processes } from '../ports.ts';

/** Programs of util-linux, coreutils and bash that a run starts. */
const PROGRAMS = ['bash', 'fsfreeze', 'flock', 'sync', 'stat', 'dd', 'mv', 'rm', 'unlink', 'env'];
/** Before it, `wait` does not know a process substitution, and the guard would not hear of its own thaws. */
const BASH = { major: 4, minor: 4 };

/** Refuses where the host cannot carry a run at all. Throws RunError `host-unfit`. */
export async function checkPrerequisites(processes: Processes): Promise<void> {
  if (process.platform !== 'linux') throw new RunError('host-unfit', `this is ${process.platform}, not Linux`);
  if (process.getuid?.() !== 0)
    throw new RunError('host-unfit', 'freezing a file system needs root', { hint: 'Run as root (sudo).' });
  const answers = await Promise.allSettled(
    PROGRAMS.map((name) => processes.run([name, '--version'], { deadlineMs: 5_000 })),
  );
  for (const answer of answers) {
    if (answer.status !== 'rejected' || !(answer.reason instanceof DeadlinePassed)) continue;
    throw new RunError('host-unfit', `a program does not even tell its version: ${answer.reason.message}`, {
      hint: 'The host is too busy to start programs: try again when it is less so.',
    });
  }
  const missing = PROGRAMS.filter((_, index) => answers[index]?.status === 'rejected');
  if (missing.length > 0) {
    throw new RunError('host-unfit', `not found on this host: ${missing.join(', ')}`, {
      hint: 'Install bash, coreutils and util-linux.',
    });
  }
  const [bash] = answers;
  refuseOldBash(bash?.status === 'fulfilled' ? bash.value.stdout : '');
}

/** `said` is what `bash --version` says, like `GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)`. */
export function refuseOldBash(said: string): void {
  const [, version = 'unknown', major, minor] = /version ((\d+)\.(\d+)\S*)/.exec(said) ?? [];
  const isOld = Number(major) < BASH.major || (Number(major) === BASH.major && Number(minor) < BASH.minor);
  if (major !== undefined && !isOld) return;
  throw new RunError('host-unfit', `bash is of version ${version}, ${BASH.major}.${BASH.minor} is needed`, {
    hint: 'Install a newer bash (RHEL 8, Amazon Linux 2023, Debian 9, Ubuntu 18.04 and later have one).',
  });
}
