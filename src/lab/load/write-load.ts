import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from '../machine/shell.ts';
import { isLedger, LEDGERS, type Ledger, type LoadReport, type Work } from './ledger.ts';
import { type FromLoad, LOAD_VERB, type ToLoad } from './load-process.ts';

/** Every kind of work once, and each ledger well filled: from here on a set is put to the test. */
export const FULL_SWING: Work = { ledger_innodb: 100, ledger_myisam: 30, ddl: 1, flushLogs: 1, longReads: 1 };

/** More commits than can be under way at any time: after them some have begun since. */
export const BEYOND_THE_SET: Partial<Work> = { ledger_innodb: 20, ledger_myisam: 20 };

const WORK_DEADLINE_MS = 60_000;
const POLL_MS = 50;

/** A load that is running. */
export interface WriteLoad {
  /**
   * Waits until so much more has been done than at the call; of a ledger that this load does not write, nothing.
   * Throws RunError `rehearsal-failed` where it takes a minute.
   */
  hasDone(more: Partial<Work>): Promise<void>;
  /** Slows the load down for good: what follows the sets needs the machine, and a few commits suffice for it. */
  throttle(): void;
  /** Lets every worker finish its turn, and hands over what was acknowledged. Throws RunError `rehearsal-failed`. */
  stop(): Promise<LoadReport>;
}

/** Starts the load on a server; resolves when it is writing. `program` is the lab's own bundle. */
export async function startLoad(
  shell: Shell,
  program: string,
  socket: string,
  ledgers: readonly Ledger[] = LEDGERS,
): Promise<WriteLoad> {
  shell.signal.throwIfAborted();
  const child = fork(program, [LOAD_VERB], {
    detached: true,
    env: shell.environment,
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const send = (message: ToLoad) => child.send(message, () => undefined);
  let running: () => void = () => undefined;
  const counts: ((work: Work) => void)[] = [];
  const started = new Promise<void>((resolve) => {
    running = resolve;
  });
  const report = new Promise<LoadReport>((resolve, reject) => {
    const fail = (message: string) => reject(new RunError('rehearsal-failed', `the write load ended: ${message}`));
    child.on('message', (message: FromLoad) => {
      if (message.kind === 'ready') send({ kind: 'start', orders: { socket, ledgers } });
      else if (message.kind === 'running') running();
      else if (message.kind === 'counted') counts.shift()?.(message.work);
      else {
        if (message.kind === 'report') resolve(message.report);
        else fail(message.message);
        child.disconnect();
      }
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (status, signal) => fail(`its process ended (${signal ?? status})`));
  });
  // It may fail while nobody is waiting for it yet; stop() tells then.
  report.catch(() => undefined);
  await Promise.race([started, report]);
  const count = () =>
    Promise.race([
      new Promise<Work>((resolve) => {
        counts.push(resolve);
        send({ kind: 'count' });
      }),
      report.then(() => {
        throw new RunError('bug', 'the write load has been stopped');
      }),
    ]);
  return {
    async hasDone(more) {
      const giveUp = Date.now() + WORK_DEADLINE_MS;
      const before = await count();
      const awaited = kindsOf(more).filter((kind) => !isLedger(kind) || ledgers.includes(kind));
      for (;;) {
        const now = await count();
        const missing = awaited.filter((kind) => now[kind] - before[kind] < (more[kind] ?? 0));
        if (missing.length === 0) return;
        if (Date.now() > giveUp) {
          throw new RunError('rehearsal-failed', `the write load does not get on with ${missing.join(', ')}`);
        }
        await sleep(POLL_MS, undefined, { signal: shell.signal });
      }
    },
    throttle: () => send({ kind: 'throttle' }),
    stop: () => {
      send({ kind: 'stop' });
      return report;
    },
  };
}

const kindsOf = (work: Partial<Work>) => Object.keys(work) as (keyof Work)[];
