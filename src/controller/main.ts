import { join } from 'node:path';
import { CommanderError } from 'commander';
import { ERRORS, RunError, toRunError } from '../shared/errors.ts';
import { buildProgram } from './program.ts';
import { formatError } from './report/json.ts';
import { printable } from './report/style.ts';

/** Picks the command, turns Ctrl-C into cancellation and the ending into an exit status. */
async function main(argv: readonly string[]): Promise<void> {
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (cancel.signal.aborted) process.exit(ERRORS.cancelled.exit);
      cancel.abort();
    });
  }

  let run: string | undefined;
  const context = {
    // Beside dist/, where the bundle lies.
    documentsFolder: join(__dirname, '..', 'ssm-documents'),
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    cancel: cancel.signal,
    named: (id: string) => {
      run = id;
    },
  };
  try {
    await buildProgram(context, (status) => {
      process.exitCode = status;
    }).parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    const error = thrown instanceof CommanderError ? usageError(thrown) : toRunError(thrown);
    process.stderr.write(`mysql-ebs-snapshot: ${printable(error.message)}\nhint: ${printable(error.hint)}\n`);
    if (argv.includes('--json')) process.stdout.write(`${formatError(error, run)}\n`);
    process.exitCode = error.exit;
  }
}

/** commander has several lines for some errors (`Did you mean …`), and only a code where a command is missing. */
function usageError(error: CommanderError): RunError {
  if (error.code === 'commander.help') return new RunError('usage', 'no command is given');
  return new RunError('usage', printable(error.message.replace(/^error: /, '')), { cause: error });
}

void main(process.argv.slice(2));
