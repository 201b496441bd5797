import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { Processes, WriterLock } from '../ports.ts';
import { WRITER_LOCK } from '../state-paths.ts';
import { makeStateFolder } from './run-lock.ts';

/** The status of flock(1) where another process holds the lock. */
const HELD = 1;
/** The children of a run that has just ended may still be on their way out. */
const PATIENCE_SECONDS = '2';

/**
 * Takes the lock that every child which writes to the server's file systems inherits. It is free when the last of them has
 * ended, and one that is stuck in the kernel does not end, not even by SIGKILL: so no run adds another one. It is not the
 * run lock, which would say `run-in-progress` for as long, and keep `thaw` out. Throws RunError
 * `file-system-stuck`, which names the process, `run-in-progress` where none of them is stuck, or `host-unfit`.
 */
export async function takeWriterLock(processes: Pick<Processes, 'run'>): Promise<WriterLock> {
  let descriptor: number | undefined;
  makeStateFolder();
  try {
    // For reading: a file writer of another account inherits it.
    closeSync(openSync(WRITER_LOCK, 'a', 0o600));
    descriptor = openSync(WRITER_LOCK, 'r');
    const argv = ['flock', '--exclusive', '--timeout', PATIENCE_SECONDS, '3'];
    const { status, stderr } = await processes.run(argv, { deadlineMs: 10_000, inherit: descriptor });
    if (status === HELD) throw heldBy(holders());
    if (status !== 0) throw new Error(stderr.trim());
    const held = descriptor;
    return { descriptor: held, [Symbol.asyncDispose]: async () => closeSync(held) };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    if (error instanceof RunError) throw error;
    throw new RunError('host-unfit', `flock ${WRITER_LOCK}: ${messageOf(error)}`, { cause: error });
  }
}

interface Holder {
  readonly pid: number;
  /** As ps(1) shows it: `D` is stuck in the kernel. */
  readonly state: string;
  /** A descriptor is shown as what it leads to. */
  readonly command: string;
}

function heldBy(found: readonly Holder[]): RunError {
  const stuck = found.find(({ state }) => state === 'D');
  if (stuck === undefined) return new RunError('run-in-progress', `${WRITER_LOCK} is held by a process of another run`);
  const who = `process ${stuck.pid} (${stuck.command})`;
  return new RunError('file-system-stuck', `${who} of an earlier run still waits for a file system to take its write`, {
    hint: `If the program that froze it has gone: \`fsfreeze --unfreeze MOUNT\`; otherwise look at the device below (dmesg). \`fuser -v ${WRITER_LOCK}\` names every such process.`,
  });
}

/** The processes that have the lock open, this one aside. Opens nothing of theirs: it looks at /proc alone. */
function holders(): readonly Holder[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => holderOf(pid) ?? []);
}

function holderOf(pid: string): Holder | undefined {
  const folder = `/proc/${pid}`;
  try {
    if (!readdirSync(`${folder}/fd`).some((each) => readlinkSync(`${folder}/fd/${each}`) === WRITER_LOCK))
      return undefined;
    const words = readFileSync(`${folder}/cmdline`, 'utf8').split('\0').filter(Boolean);
    const command = words.map((word) =>
      word.replace(/^\/proc\/self\/fd\/\d+/, (link) => readlinkSync(link.replace('self', pid))),
    );
    const [, state = ''] = /\) (\S)/.exec(readFileSync(`${folder}/stat`, 'utf8')) ?? [];
    return { pid: Number(pid), state, command: command.join(' ').slice(0, 200) };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
