import { openClients } from '../aws/clients.ts';
import { snapshots } from '../aws/snapshots.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { formatSets, setsJson } from '../sets/sets-report.ts';
import { readIdLists } from '../system/id-lists.ts';
import { parseInstanceIds } from '../targets/scope.ts';
import { styleFor } from '../terminal/style.ts';
import { collect, examples, ONLY_INSTANCES, type Program } from './common-options.ts';
import type { Context } from './context.ts';

/** `list` */
export function addListCommand(program: Program, context: Context): void {
  program
    .command('list')
    .description('list the sets, newest first')
    .option('--instance-ids <ids>', ONLY_INSTANCES, collect)
    .addHelpText('after', examples('list', 'list --instance-ids i-0123456789abcdef0 --json'))
    .action(async (_options, command) => {
      const options = command.optsWithGlobals();
      const ids = parseInstanceIds(await readIdLists(options.instanceIds));
      using clients = openClients(options);
      const gathered = gatherSets(
        await snapshots(clients).ofSets(ids.length > 0 ? { by: 'instances', ids } : { by: 'all' }),
      );
      context.stdout.write(
        options.json === true
          ? `${setsJson(gathered)}\n`
          : formatSets(gathered, styleFor(context.stdout, context.environment)),
      );
    });
}
