import { readIdLists } from '../adapters/id-lists.ts';
import { snapshots } from '../adapters/snapshots.ts';
import { parseInstanceIds } from '../fleet/scope.ts';
import type { GlobalOptions } from '../options.ts';
import { formatSets, setsJson } from '../report/sets.ts';
import { styleFor } from '../report/style.ts';
import { gatherSets } from '../sets/gather-sets.ts';
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
