import { RunError } from '../shared/errors.ts';
import { COMMIT, VERSION } from '../shared/version.ts';
import { HELP } from './options/help.ts';

/**
 * Picks the command, turns signals into cancellation and the outcome into an exit status. Everything heavy (the
 * SDK, the database driver) is loaded only where a command really runs.
 */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--version')) return say(`mysql-ebs-snapshot-agent ${VERSION} (${COMMIT})\n`);
  if (argv.length === 0 || argv.includes('--help')) return say(HELP);

  const cancellation = cancelledBySignals();
  // A reader that has gone away must not end the run in the middle.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

  const { dispatch } = await import('./commands/dispatch.ts');
  const { exit, json, text, wantsJson } = await dispatch(argv, cancellation);
  say(wantsJson || !process.stdout.isTTY ? `${json}\n` : text);
  return exit;
}

/** From here on a signal does not end the process but cancels the command, which then gives back what it holds. */
function cancelledBySignals(): AbortSignal {
  const cancellation = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => cancellation.abort(new RunError('cancelled', `cancelled by ${signal}`)));
  }
  return cancellation.signal;
}

function say(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

main(process.argv.slice(2)).then((exit) => process.exit(exit));
