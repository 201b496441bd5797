import { snapshots } from '../aws/snapshots.ts';
import type { GlobalOptions } from '../options/parse-values.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { formatSets, setsJson } from '../sets/sets-report.ts';
import { readIdLists } from '../system/id-lists.ts';
import { parseInstanceIds } from '../targets/scope.ts';
import { styleFor } from '../terminal/style.ts';
import { type Context, clientsFor, type ExitStatus } from './context.ts';

export interface ListOptions extends GlobalOptions {
  readonly instanceIds?: readonly string[];
}

/** `list` */
export async function listSets(options: ListOptions, context: Context): Promise<ExitStatus> {
  const ids = parseInstanceIds(await readIdLists(options.instanceIds));
  using clients = clientsFor(options);
  const gathered = gatherSets(
    await snapshots(clients).ofSets(ids.length > 0 ? { by: 'instances', ids } : { by: 'all' }),
  );
  context.stdout.write(
    options.json === true
      ? `${setsJson(gathered)}\n`
      : formatSets(gathered, styleFor(context.stdout, context.environment)),
  );
  return 0;
}
