import { fork } from 'node:child_process';
import { RunError } from '../../shared/errors.ts';
import { BACKGROUND_LAB, type FromBackgroundLab, type LabDescription, type ToBackgroundLab } from './background-lab.ts';
import type { Context, ExitStatus } from './context.ts';
import { type LabArguments, labOptions } from './options.ts';

/** `up`: starts a background process that holds the lab, prints how to reach it, and exits. */
export async function upCommand(given: LabArguments, context: Context): Promise<ExitStatus> {
  const options = labOptions(given, context.dist);
  context.cancel.throwIfAborted();
  const background = fork(context.program, [BACKGROUND_LAB], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const cancel = () => background.kill('SIGTERM');
  context.cancel.addEventListener('abort', cancel, { once: true });
  const description = await new Promise<LabDescription>((resolve, reject) => {
    background.on('message', (message: FromBackgroundLab) => {
      if (message.kind === 'ready') background.send({ kind: 'stand-up', options } satisfies ToBackgroundLab);
      else if (message.kind === 'said') context.say(message.sentence);
      else if (message.kind === 'standing') resolve(message.description);
      else reject(new RunError(message.code, message.message, { hint: message.hint }));
    });
    background.once('error', reject);
    background.once('exit', (status, signal) => {
      reject(new RunError('lab-unfit', `the process that keeps the lab ended (${signal ?? status})`));
    });
  });
  context.cancel.removeEventListener('abort', cancel);
  background.disconnect();
  background.unref();
  context.print(given.json ? `${JSON.stringify(description)}\n` : exportLines(description.environment));
  return 0;
}

/** To be read by a shell: `eval "$(mysql-ebs-snapshot-lab up)"`. No value of ours holds a quote. */
const exportLines = (environment: LabDescription['environment']): string =>
  Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join('');
