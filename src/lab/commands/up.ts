import { fork } from 'node:child_process';
import { RunError } from '../../shared/errors.ts';
import type { Context, ExitStatus } from './context.ts';
import { type FromKeeper, KEEPER_VERB, type LabDescription, type ToKeeper } from './keeper.ts';
import { type LabArguments, labOptions } from './options.ts';

/** `up`: a process in the background keeps the lab; this one tells how to reach it, and ends. */
export async function upCommand(given: LabArguments, context: Context): Promise<ExitStatus> {
  const options = labOptions(given, context.dist);
  context.cancel.throwIfAborted();
  const keeper = fork(context.program, [KEEPER_VERB], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const cancel = () => keeper.kill('SIGTERM');
  context.cancel.addEventListener('abort', cancel, { once: true });
  const description = await new Promise<LabDescription>((resolve, reject) => {
    keeper.on('message', (message: FromKeeper) => {
      if (message.kind === 'ready') keeper.send({ kind: 'stand-up', options } satisfies ToKeeper);
      else if (message.kind === 'said') context.say(message.sentence);
      else if (message.kind === 'standing') resolve(message.description);
      else reject(new RunError(message.code, message.message, { hint: message.hint }));
    });
    keeper.once('error', reject);
    keeper.once('exit', (status, signal) => {
      reject(new RunError('lab-unfit', `the process that keeps the lab ended (${signal ?? status})`));
    });
  });
  context.cancel.removeEventListener('abort', cancel);
  keeper.disconnect();
  keeper.unref();
  context.print(given.json ? `${JSON.stringify(description)}\n` : exportLines(description.environment));
  return 0;
}

/** To be read by a shell: `eval "$(mysql-ebs-snapshot-lab up)"`. No value of ours holds a quote. */
const exportLines = (environment: LabDescription['environment']): string =>
  Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join('');
