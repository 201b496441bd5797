import { ERRORS, RunError } from '../../shared/errors.ts';
import { snapshots } from '../aws/snapshots.ts';
import { prune } from '../retention/prune.ts';
import { type PruneOptions, pruneRequest } from '../retention/prune-options.ts';
import { formatPrune, pruneJson } from '../retention/prune-table.ts';
import { presentProgress } from '../runs/progress.ts';
import { readIdLists } from '../system/id-lists.ts';
import { styleFor } from '../terminal/style.ts';
import { type Context, clientsFor, type ExitStatus } from './context.ts';

const leftDeleting = () =>
  new RunError('prune-incomplete', 'left at once; sets may have been deleted, one of them by half', {
    hint: 'Run the same `prune` again: it goes on, and finishes what was deleted by half.',
  });

/** `prune` */
export async function pruneSets(options: PruneOptions, context: Context): Promise<ExitStatus> {
  const request = pruneRequest({ ...options, instanceIds: await readIdLists(options.instanceIds) });
  if (request.apply) context.onForcedExit(leftDeleting());
  using clients = clientsFor(options);
  const progress = presentProgress(context.stderr, () => context.clock.now().getTime());
  try {
    const report = await prune(request, snapshots(clients), progress.emit, context.cancel);
    progress.close();
    context.stdout.write(
      options.json === true
        ? `${pruneJson(report)}\n`
        : formatPrune(report, request.apply, styleFor(context.stdout, context.environment)),
    );
    return report.ending === 'done' ? 0 : ERRORS[report.ending].exit;
  } finally {
    progress.close();
  }
}
