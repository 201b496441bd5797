import { RunError } from '../../shared/errors.ts';
import { openClients } from '../aws/clients.ts';
import { snapshots } from '../aws/snapshots.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { formatSet, setJson } from '../sets/sets-report.ts';
import { examples, type Program } from './common-options.ts';
import type { Context } from './context.ts';

/** `show SET` */
export function addShowCommand(program: Program, context: Context): void {
  program
    .command('show')
    .description('show a set: what it is worth, its members and coordinates')
    .argument('<set>', 'its name, as `list` has it: <run id>/<instance id>')
    .addHelpText('after', examples('show 20261122T030000Z-4f2a9c/i-0123456789abcdef0'))
    .action(async (name, _options, command) => {
      const options = command.optsWithGlobals();
      using clients = openClients(options);
      const [set] = gatherSets(await snapshots(clients).ofSets({ by: 'name', set: name })).sets;
      if (set === undefined) throw new RunError('no-such-set', `there is no set '${name}' in this account and Region`);
      context.stdout.write(options.json === true ? `${setJson(set)}\n` : formatSet(set));
    });
}
