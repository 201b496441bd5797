import { ERRORS } from '../../shared/errors.ts';
import { readIdLists } from '../adapters/id-lists.ts';
import { inventory } from '../adapters/inventory.ts';
import { replaceFile } from '../adapters/replace-file.ts';
import { snapshots } from '../adapters/snapshots.ts';
import { parseScope } from '../fleet/scope.ts';
import { type GlobalOptions, parseDuration, parseTagKey } from '../options.ts';
import { formatFreshness, freshnessJson } from '../report/freshness.ts';
import { prometheusText } from '../report/prometheus.ts';
import { styleFor } from '../report/style.ts';
import { backupStatus } from '../stories/backup-status.ts';
import { type Context, clientsFor, type ExitStatus } from './context.ts';

export interface StatusOptions extends GlobalOptions {
  readonly instanceIds?: readonly string[];
  readonly target?: readonly string[];
  readonly maxAge: string;
  readonly by?: string;
  readonly prometheus?: string;
}

/** `status`: ends with `stale` where a host, or a cluster, has no good set that is young enough. */
export async function showStatus(options: StatusOptions, context: Context): Promise<ExitStatus> {
  const scope = parseScope(await readIdLists(options.instanceIds), options.target ?? []);
  const clusterTag = options.by === undefined ? undefined : parseTagKey(options.by, '--by');
  const objective = {
    maxAgeMs: parseDuration(options.maxAge, '--max-age'),
    ...(clusterTag !== undefined && { clusterTag }),
  };
  using clients = clientsFor(options);
  const ports = { inventory: inventory(clients), snapshots: snapshots(clients) };
  const now = context.clock.now();
  const all = await backupStatus(scope, objective, ports, now);

  if (options.prometheus !== undefined) await replaceFile(options.prometheus, prometheusText(all, now));
  context.stdout.write(
    options.json === true
      ? `${freshnessJson(all)}\n`
      : formatFreshness(all, now, styleFor(context.stdout, context.environment)),
  );
  return all.every(({ verdict }) => verdict === 'fresh') ? 0 : ERRORS.stale.exit;
}
