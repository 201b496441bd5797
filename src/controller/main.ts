import { join } from 'node:path';
import { CommanderError } from 'commander';
import { RunError, toRunError } from '../shared/errors.ts';
import { TAG } from '../shared/tags.ts';
import type { Operation } from './fleet/request.ts';
import { buildProgram } from './program.ts';
import { formatError } from './report/json.ts';
import { printable } from './report/style.ts';

/** Picks the command, turns Ctrl-C into cancellation and the ending into an exit status. */
async function main(argv: readonly string[]): Promise<void> {
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!cancel.signal.aborted) return cancel.abort();
      end(deleting ? leftDeleting() : schedule !== undefined ? leftScheduling(schedule) : leftAlone(run));
      process.exit();
    });
  }

  let run: { id: string; operation: Operation } | undefined;
  let deleting = false;
  let schedule: string | undefined;
  const end = (error: RunError) => {
    process.stderr.write(`mysql-ebs-snapshot: ${printable(error.message)}\nhint: ${printable(error.hint)}\n`);
    if (argv.includes('--json')) process.stdout.write(`${formatError(error, run?.id)}\n`);
    process.exitCode = error.exit;
  };
  const context = {
    // Beside dist/, where the bundle lies.
    documentsFolder: join(__dirname, '..', 'ssm-documents'),
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    cancel: cancel.signal,
    named: (id: string, operation: Operation) => {
      run = { id, operation };
    },
    deleting: () => {
      deleting = true;
    },
    scheduling: (name: string) => {
      schedule = name;
    },
  };
  try {
    await buildProgram(context, (status) => {
      process.exitCode = status;
    }).parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    end(thrown instanceof CommanderError ? usageError(thrown) : toRunError(thrown));
  }
}

/** The ending at the second Ctrl-C: nobody has seen what became of the hosts of a snapshot. */
function leftAlone(run: { id: string; operation: Operation } | undefined): RunError {
  if (run?.operation !== 'snapshot') return new RunError('cancelled', 'left at once', { hint: 'Nothing was changed.' });
  return new RunError('outcome-unknown', 'left at once; hosts may still be at work', {
    hint: `Look for run ${run.id} in the command history, and for snapshots with the tag ${TAG.run}=${run.id}.`,
  });
}

/** The ending at the second Ctrl-C of `prune --apply`. */
const leftDeleting = (): RunError =>
  new RunError('prune-incomplete', 'left at once; sets may have been deleted, one of them by half', {
    hint: 'Run the same `prune` again: it goes on, and finishes what was deleted by half.',
  });

/** The ending at the second Ctrl-C of what changes a schedule. */
const leftScheduling = (name: string): RunError =>
  new RunError('outcome-unknown', `left at once; the schedule '${name}' may have been changed, or in part`, {
    hint: `See \`mysql-ebs-snapshot schedule list\`; \`schedule delete ${name}\` takes away all that there is of it.`,
  });

/** commander has several lines for some errors (`Did you mean …`), and only a code where a command is missing. */
function usageError(error: CommanderError): RunError {
  if (error.code === 'commander.help') return new RunError('usage', 'no command is given');
  return new RunError('usage', printable(error.message.replace(/^error: /, '')), { cause: error });
}

void main(process.argv.slice(2));
