import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommanderError } from 'commander';
import { RunError, toRunError } from '../shared/errors.ts';
import { outcomeOf } from '../shared/result.ts';
import { BACKGROUND_LAB, runBackgroundLab } from './commands/background-lab.ts';
import { buildProgram } from './commands/program.ts';
import { LOAD_VERB, runLoadProcess } from './load/load-process.ts';
import { runSentinelProcess, SENTINEL_VERB } from './soak/sentinel-process.ts';

/** Picks the command, turns Ctrl-C into cancellation and the ending into an exit status. */
async function main(argv: readonly string[]): Promise<void> {
  // The SDK's advice about Node's version is for those who maintain this program, not for those who run it.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  if (argv[0] === LOAD_VERB && process.send) return runLoadProcess();
  if (argv[0] === SENTINEL_VERB && argv[1] && process.send) return runSentinelProcess(argv[1]);
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => cancel.abort(new RunError('cancelled', `cancelled by ${signal}`)));
  }
  if (argv[0] === BACKGROUND_LAB && process.send) return runBackgroundLab(cancel);

  const program = realpathSync(process.argv[1] ?? '');
  const context = {
    program,
    dist: dirname(program),
    cancel: cancel.signal,
    print: (text: string) => void process.stdout.write(text),
    say: (sentence: string) => void process.stderr.write(`${sentence}\n`),
  };
  try {
    let status = 0;
    const ended = (given: number) => {
      status = given;
    };
    await buildProgram(context, ended).parseAsync([...argv], { from: 'user' });
    // Servers that `--keep` leaves standing are our children, and would keep us waiting.
    process.exit(status);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
    const error = endingOf(thrown, cancel.signal);
    const { code, message, hint } = error;
    process.stderr.write(`mysql-ebs-snapshot-lab: ${message}\nhint: ${hint}\n`);
    if (argv.includes('--json')) {
      process.stdout.write(`${JSON.stringify({ v: 1, outcome: outcomeOf(code), code, message, hint })}\n`);
    }
    process.exit(error.exit);
  }
}

/** Whatever a cancelled command stumbled over, it was cancelled; unless something was left behind. */
function endingOf(thrown: unknown, cancel: AbortSignal): RunError {
  if (thrown instanceof CommanderError) {
    return new RunError('usage', usageText(thrown), { cause: thrown });
  }
  const error = toRunError(thrown);
  return cancel.aborted && error.exit < 50 ? toRunError(cancel.reason) : error;
}

const usageText = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'no command is given' : message.replace(/^error: /, '').replaceAll('\n', ' ');

void main(process.argv.slice(2));
