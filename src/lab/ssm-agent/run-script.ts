import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** What the genuine agent keeps of each stream, in bytes; the head is kept. */
export const OUTPUT_BYTES = 24_000;

export interface ScriptRun {
  /** Enters the host. */
  readonly enter: readonly string[];
  /** Where the script's file is put, within the host. */
  readonly folder: string;
  readonly lines: readonly string[];
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface ScriptResult {
  readonly exitCode: number;
  readonly ended: 'by-itself' | 'timed-out' | 'cancelled';
  readonly stdout: string;
  readonly stderr: string;
}

/** What the agent reports of a script that was killed. */
export const KILLED = 137;

/** The time after the kill in which pipes that a surviving child holds may still deliver. */
const DRAIN_MS = 500;

/**
 * Runs a script as the genuine agent does: a file in the orchestration folder, `sh -c <path>` (so the
 * shebang counts), own process group, stdin /dev/null, umask 0022. On timeout and cancel the whole group gets
 * SIGKILL at once. Until then the script lasts as long as anybody holds its stdout or stderr.
 */
export async function runScript(run: ScriptRun, signal: AbortSignal): Promise<ScriptResult> {
  const path = `${run.folder}/_script.sh`;
  await putScript(run, path);
  if (signal.aborted) return { exitCode: KILLED, ended: 'cancelled', stdout: '', stderr: '' };

  const child = spawnIn(
    run,
    ['sh', '-c', 'umask 0022; cd "$1" && unset OLDPWD && exec sh -c "$2"', 'sh', run.workingDirectory, path],
    'ignore',
  );
  const stdout = keepHead(child.stdout);
  const stderr = keepHead(child.stderr);
  let ended: ScriptResult['ended'] = 'by-itself';
  const kill = (why: ScriptResult['ended']) => {
    ended = why;
    if (child.pid !== undefined) killGroup(child.pid);
    setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, DRAIN_MS).unref();
  };
  const timer = setTimeout(() => kill('timed-out'), run.timeoutMs);
  const cancel = () => kill('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const exitCode = await closed(child);
    return { exitCode: ended === 'by-itself' ? exitCode : KILLED, ended, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

/** Removes what a command left in the host's orchestration folder. */
export async function sweep(enter: readonly string[], folder: string): Promise<void> {
  const child = spawnIn({ enter, environment: {} }, ['rm', '-rf', '--', folder], 'ignore');
  child.stdout?.resume();
  child.stderr?.resume();
  await closed(child);
}

async function putScript(run: ScriptRun, path: string): Promise<void> {
  const script = 'umask 077 && mkdir -p "$1" && cat > "$2" && chmod 0700 "$2"';
  const child = spawnIn(run, ['sh', '-c', script, 'sh', run.folder, path], 'pipe');
  const complaint = keepHead(child.stderr);
  child.stdout?.resume();
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(`${run.lines.join('\n')}\n`);
  if ((await closed(child)) !== 0) throw new Error(`failed to create script file ${path}: ${complaint().trim()}`);
}

/** A minimal environment, as a systemd unit has it: no HOME, no USER. */
function spawnIn(
  { enter, environment }: Pick<ScriptRun, 'enter' | 'environment'>,
  command: readonly string[],
  stdin: 'ignore' | 'pipe',
): ChildProcess {
  const [program = 'sh', ...rest] = [...enter, ...command];
  return spawn(program, rest, {
    cwd: '/',
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...environment },
  });
}

/** The exit status once both streams are closed; a SIGKILL counts as 137, another signal as -1. */
function closed(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killer) => resolve(code ?? (killer === 'SIGKILL' ? KILLED : -1)));
  });
}

function keepHead(stream: Readable | null): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (bytes < OUTPUT_BYTES) chunks.push(chunk.subarray(0, OUTPUT_BYTES - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
