import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../../shared/errors.ts';
import { processState } from '../machine/process-state.ts';
import type { Shell } from '../machine/shell.ts';
import { type FromSentinel, SENTINEL_VERB, type ToSentinel } from './sentinel-process.ts';

const POLL_MS = 1;

/** Tells from outside whether a file system takes writes: a child of ours, which may get stuck in our place. */
export interface Sentinel {
  readonly mountPoint: string;
  /** Whether its write hangs in the kernel at this moment. */
  hangs(): boolean;
  /**
   * When the write that was in flight at a moment went through; `undefined` where none was. Times are
   * `monotonicMs()`. It answers only when the file system takes writes, so whoever asks sets a bound.
   */
  writeInFlightAt(at: number): Promise<number | undefined>;
  /** How long the longest write took that has ended since a moment; to be asked like the other. */
  longestWriteSince(since: number): Promise<number>;
  /** Resolves when a write that began after this call has gone through: of a frozen file system after the thaw. */
  takesWrites(): Promise<void>;
}

/** Starts a sentinel; resolves when it is writing. `program` is the lab's own bundle. It ends with the lab. */
export async function startSentinel(shell: Shell, program: string, mountPoint: string): Promise<Sentinel> {
  shell.signal.throwIfAborted();
  const child = fork(program, [SENTINEL_VERB, join(mountPoint, 'sentinel')], {
    detached: true,
    env: shell.environment,
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const questions: ((value: number | undefined) => void)[] = [];
  let writing: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    writing = resolve;
  });
  const died = new Promise<never>((_, reject) => {
    const fail = (reason: string) =>
      reject(new RunError('soak-failed', `the sentinel of ${mountPoint} died: ${reason}`));
    child.once('error', ({ message }) => fail(message));
    child.once('exit', (status, signal) => fail(String(signal ?? status)));
  });
  // It may die while nobody asks it; the next question tells.
  died.catch(() => undefined);
  child.on('message', (message: FromSentinel) => {
    if (message.kind === 'writing') writing();
    else questions.shift()?.(message.value);
  });
  await Promise.race([started, died]);
  const ask = (question: ToSentinel) => {
    const answer = new Promise<number | undefined>((resolve) => {
      questions.push(resolve);
    });
    child.send(question, () => undefined);
    return Promise.race([answer, died]);
  };
  return {
    mountPoint,
    hangs: () => processState(child.pid ?? 0) === 'D',
    writeInFlightAt: (at) => ask({ kind: 'in-flight', at }),
    longestWriteSince: async (since) => (await ask({ kind: 'longest', since })) ?? 0,
    takesWrites: async () => {
      const count = async () => (await ask({ kind: 'count' })) ?? 0;
      // It answers between two writes, so the next one begins after the answer.
      for (const before = await count(); (await count()) === before; ) await sleep(POLL_MS);
    },
  };
}
