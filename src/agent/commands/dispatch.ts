import { Console } from 'node:console';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { type RunError, toRunError } from '../../shared/errors.ts';
import { newRunId, type RunId } from '../../shared/ids.ts';
import { printable } from '../../shared/printable.ts';
import { encodeResult, outcomeOf } from '../../shared/result.ts';
import { untilCancelled } from '../cancellation.ts';
import { type AgentOptions, parseAgentOptions, runIdIn } from '../options/agent-options.ts';
import { WATCHDOG_COMMAND } from '../window/applier-watchdog-request.ts';
import { applierWatchdogCommand } from './applier-watchdog.ts';
import { captureCommand } from './capture.ts';
import type { CommandResult } from './command-result.ts';
import { planCommand } from './plan.ts';
import { snapshotCommand } from './snapshot.ts';
import { thawCommand } from './thaw.ts';

/** Runs the verb that the arguments name; always ends with an exit status, never with an exception. */
export async function dispatch(
  argv: readonly string[],
  cancellation: AbortSignal,
): Promise<CommandResult & { wantsJson: boolean }> {
  restrictUmask();
  silenceLibraries();
  if (argv[0] === WATCHDOG_COMMAND) return { ...(await applierWatchdogCommand()), wantsJson: true };
  const runId = runIdIn(argv) ?? newRunId(new Date(), randomBytes(3).toString('hex'));
  let options: AgentOptions | undefined;
  try {
    options = parseAgentOptions(argv, runId);
    return { ...(await run(options, cancellation)), wantsJson: options.json };
  } catch (thrown) {
    const error = toRunError(thrown);
    process.stderr.write(`mysql-ebs-snapshot-agent: ${printable(error.message)}\nhint: ${printable(error.hint)}\n`);
    return { exit: error.exit, json: refusalLine(error, runId), text: '', wantsJson: options?.json ?? false };
  }
}

/** Whatever this process and its children write is 0640 or tighter, its folders 0750: the caller's umask may only add. */
function restrictUmask(): void {
  process.umask(process.umask(0o027) | 0o027);
}

/** stdout and stderr are the result's and the log's alone: the database driver tells traces and raw names to the console. */
function silenceLibraries(): void {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  globalThis.console = new Console(nowhere);
}

/** `thaw` is not cancelled: it is short, and what it leaves out would stay frozen. */
function run(options: AgentOptions, cancellation: AbortSignal): Promise<CommandResult> {
  switch (options.verb) {
    case 'snapshot':
      return snapshotCommand(options, cancellation);
    case 'plan':
      return untilCancelled(cancellation, () => planCommand(options));
    case 'capture':
      return untilCancelled(cancellation, () => captureCommand(options));
    case 'thaw':
      return thawCommand(options);
  }
}

/** The result of a run that never began. */
function refusalLine({ code, message, hint }: RunError, run: RunId): string {
  return encodeResult({ v: 1, run, outcome: outcomeOf(code), code, message, hint });
}
