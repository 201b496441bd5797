import { openClients } from '../aws/clients.ts';
import { inventory } from '../aws/inventory.ts';
import { snapshots } from '../aws/snapshots.ts';
import { backupStatus } from '../freshness/backup-status.ts';
import { formatFreshness, freshnessJson } from '../freshness/freshness-report.ts';
import { isWell } from '../freshness/judge-freshness.ts';
import { prometheusText } from '../freshness/prometheus.ts';
import { parseDuration, parseTagKey } from '../options/parse-values.ts';
import { readIdLists } from '../system/id-lists.ts';
import { writeFileAtomically } from '../system/write-file-atomically.ts';
import { parseScope } from '../targets/scope.ts';
import { styleFor } from '../terminal/style.ts';
import { collect, examples, INSTANCES_BY_ID, type Program } from './common-options.ts';
import type { Context } from './context.ts';

/** `status`: ends with `stale` where a server of a host, or a cluster, has no good set that is young enough. */
export function addStatusCommand(program: Program, context: Context): void {
  program
    .command('status')
    .description('tell whether every server of every host, or every cluster, has a good set that is young enough')
    .option('--instance-ids <ids>', INSTANCES_BY_ID, collect)
    .option('--target <tag:Key=Value>', 'instances by tag (repeatable)', collect)
    .option('--max-age <duration>', 'how old the newest good set may be: 26h, 2d, 1w', '26h')
    .option('--by <tag:Key>', 'hosts with the same value of this tag are a cluster: a good set of one is enough')
    .option('--prometheus <file>', "write the same for the node exporter's textfile collector")
    .addHelpText(
      'after',
      `${examples(
        'status --target tag:Role=database',
        'status --target tag:Role=database --by tag:Cluster --max-age 8h --json',
        'status --target tag:Role=database --prometheus /var/lib/node_exporter/mysql-ebs-snapshot.prom',
      )}
A server that is gone is listed and counts no more: its data directory moved, or all its volumes are detached.

Exit status: 0 all are fresh, 45 one is not.
`,
    )
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const scope = parseScope(await readIdLists(options.instanceIds), options.target ?? []);
      const clusterTag = options.by === undefined ? undefined : parseTagKey(options.by, '--by');
      const objective = {
        maxAgeMs: parseDuration(options.maxAge, '--max-age'),
        ...(clusterTag !== undefined && { clusterTag }),
      };
      using clients = openClients(options);
      const ports = { inventory: inventory(clients), snapshots: snapshots(clients) };
      const now = context.clock.now();
      const all = await backupStatus(scope, objective, ports, now);

      if (options.prometheus !== undefined) await writeFileAtomically(options.prometheus, prometheusText(all, now));
      context.stdout.write(
        options.json === true
          ? `${freshnessJson(all)}\n`
          : formatFreshness(all, now, styleFor(context.stdout, context.environment)),
      );
      if (!all.every(isWell)) context.exitWith('stale');
    });
}
