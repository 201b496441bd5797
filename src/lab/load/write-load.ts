import { fork } from 'node:child_process';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from '../machine/shell.ts';
import type { LoadReport } from './ledger.ts';
import { type FromLoad, LOAD_VERB, type ToLoad } from './load-process.ts';

/** A load that is running. */
export interface WriteLoad {
  /** Lets every worker finish its turn, and hands over what was acknowledged. Throws RunError `rehearsal-failed`. */
  stop(): Promise<LoadReport>;
}

/** Starts the load on a server; resolves when it is writing. `program` is the lab's own bundle. */
export async function startLoad(shell: Shell, program: string, socket: string): Promise<WriteLoad> {
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
  const started = new Promise<void>((resolve) => {
    running = resolve;
  });
  const report = new Promise<LoadReport>((resolve, reject) => {
    const fail = (message: string) => reject(new RunError('rehearsal-failed', `the write load ended: ${message}`));
    child.on('message', (message: FromLoad) => {
      if (message.kind === 'ready') send({ kind: 'start', socket });
      else if (message.kind === 'running') running();
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
  return {
    stop: () => {
      send({ kind: 'stop' });
      return report;
    },
  };
}
