import { ERRORS } from '../../shared/errors.ts';
import { inventory } from '../aws/inventory.ts';
import { snapshots } from '../aws/snapshots.ts';
import { backupStatus } from '../freshness/backup-status.ts';
import { formatFreshness, freshnessJson } from '../freshness/freshness-report.ts';
import { prometheusText } from '../freshness/prometheus.ts';
import { type GlobalOptions, parseDuration, parseTagKey } from '../options/parse-values.ts';
import { readIdLists } from '../system/id-lists.ts';
import { writeFileAtomically } from '../system/write-file-atomically.ts';
import { parseScope } from '../targets/scope.ts';
import { styleFor } from '../terminal/style.ts';
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

  if (options.prometheus !== undefined) await writeFileAtomically(options.prometheus, prometheusText(all, now));
  context.stdout.write(
    options.json === true
      ? `${freshnessJson(all)}\n`
      : formatFreshness(all, now, styleFor(context.stdout, context.environment)),
  );
  return all.every(({ verdict }) => verdict === 'fresh') ? 0 : ERRORS.stale.exit;
}
