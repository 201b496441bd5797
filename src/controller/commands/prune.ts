import { RunError } from '../../shared/errors.ts';
import { openClients } from '../aws/clients.ts';
import { snapshots } from '../aws/snapshots.ts';
import { prune } from '../retention/prune.ts';
import { pruneRequest } from '../retention/prune-options.ts';
import { formatPrune, pruneJson } from '../retention/prune-table.ts';
import { presentProgress } from '../runs/show/progress.ts';
import { readIdLists } from '../system/id-lists.ts';
import { styleFor } from '../terminal/style.ts';
import { collect, examples, ONLY_INSTANCES, type Program } from './common-options.ts';
import type { Context } from './context.ts';

/** `prune` */
export function addPruneCommand(program: Program, context: Context): void {
  program
    .command('prune')
    .description('show which sets the rules would delete, server by server; with --apply, delete them')
    .option('--instance-ids <ids>', ONLY_INSTANCES, collect)
    .option('--keep-last <n>', 'keep the newest n good sets of each server')
    .option('--keep-hourly <n>', 'keep the newest good set of each of n hours that have one (UTC)')
    .option('--keep-daily <n>', 'the same of n days')
    .option('--keep-weekly <n>', 'the same of n weeks, from Monday')
    .option('--keep-monthly <n>', 'the same of n months')
    .option('--keep-yearly <n>', 'the same of n years')
    .option(
      '--keep-within <duration>',
      "keep what is younger than this, from the server's newest good set: 36h, 14d, 8w",
    )
    .option('--keep-minimum <n>', 'however little the rules keep, so many good sets stay', '1')
    .option(
      '--retire-server <key>',
      'delete all sets of a server that is there no more: its key, as `status` shows it (repeatable)',
      collect,
    )
    .option('--apply', 'do it')
    .addHelpText(
      'after',
      `${examples(
        'prune --keep-last 7',
        'prune --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --apply',
        'prune --retire-server 3f2a9c1d0b7e --apply',
      )}
Kept whatever the rules: the newest good and the newest verified set of a server, what is locked, what EBS has not
completed, and what nothing but its own tags says is of the host. Sets that are not good count for nothing, and
go once the server has a newer good one. A server is retired only where another one of its host has a newer good set;
without rules nothing else is deleted.
`,
    )
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const request = pruneRequest({ ...options, instanceIds: await readIdLists(options.instanceIds) });
      if (request.apply) context.onForcedExit(leftDeleting());
      using clients = openClients(options);
      const progress = presentProgress(context.stderr, () => context.clock.now().getTime());
      try {
        const report = await prune(request, snapshots(clients), progress.emit, context.cancel);
        progress.close();
        context.stdout.write(
          options.json === true
            ? `${pruneJson(report)}\n`
            : formatPrune(report, request.apply, styleFor(context.stdout, context.environment)),
        );
        if (report.ending !== 'done') context.exitWith(report.ending);
      } finally {
        progress.close();
      }
    });
}

const leftDeleting = () =>
  new RunError('prune-incomplete', 'left at once; sets may have been deleted, one of them by half', {
    hint: 'Run the same `prune` again: it goes on, and finishes what was deleted by half.',
  });
