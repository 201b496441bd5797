import { setFlagsFromString } from 'node:v8';
import { CommanderError } from '@commander-js/extra-typings';
import { ERRORS, type ErrorCode, RunError, toRunError } from '../shared/errors.ts';
import { onOneLine } from '../shared/printable.ts';
import { buildProgram } from './commands/program.ts';
import type { Clock } from './ports.ts';
import { formatError } from './terminal/error-json.ts';

/** What differs between the program as users have it and one that lives in another time. */
interface ControllerSetup {
  readonly clock: Clock;
  /** The folder with the documents of this installation. */
  readonly documentsFolder: string;
}

/**
 * Pages of a thousand snapshots leave much garbage, and V8 lets the heap grow to half as much again and more before it
 * collects it: 198 MB for ten thousand hosts, 136 MB so (Node 20). An option of V8 itself: a
 * version that does not know it would say so on stderr, which the tests of the built controller see.
 */
const COLLECT_EARLY = '--heap-growing-percent=15';

/** Picks the command, turns Ctrl-C into cancellation and the ending into an exit status: those of this process. */
export async function runController(argv: readonly string[], world: ControllerSetup): Promise<void> {
  setFlagsFromString(COLLECT_EARLY);
  // The release notes name the supported runtimes; the SDK's warning would stand between the lines of a report.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!cancel.signal.aborted) return cancel.abort();
      end(left);
      process.exit();
    });
  }

  let run: string | undefined;
  let left = new RunError('cancelled', 'left at once', { hint: 'Nothing was changed.' });
  const end = (error: RunError) => {
    process.stderr.write(`mysql-ebs-snapshot: ${onOneLine(error.message)}\nhint: ${onOneLine(error.hint)}\n`);
    if (argv.includes('--json')) process.stdout.write(`${formatError(error, run)}\n`);
    process.exitCode = error.exit;
  };
  const context = {
    ...world,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    cancel: cancel.signal,
    named: (id: string) => {
      run = id;
    },
    onForcedExit: (ending: RunError) => {
      left = ending;
    },
    exitWith: (code: ErrorCode) => {
      process.exitCode = ERRORS[code].exit;
    },
  };
  try {
    await buildProgram(context).parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    end(thrown instanceof CommanderError ? usageError(thrown) : toRunError(thrown));
  }
}

/** commander has several lines for some errors (`Did you mean …`), and only a code where a command is missing. */
function usageError(error: CommanderError): RunError {
  if (error.code === 'commander.help') return new RunError('usage', 'no command is given');
  return new RunError('usage', onOneLine(error.message.replace(/^error: /, '')), { cause: error });
}
