import { RunError } from '../../shared/errors.ts';
import { snapshots } from '../aws/snapshots.ts';
import type { GlobalOptions } from '../options/parse-values.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { formatSet, setJson } from '../sets/sets-report.ts';
import { type Context, clientsFor, type ExitStatus } from './context.ts';

/** `show SET` */
export async function showSet(name: string, options: GlobalOptions, context: Context): Promise<ExitStatus> {
  using clients = clientsFor(options);
  const [set] = gatherSets(await snapshots(clients).ofSets({ by: 'name', set: name })).sets;
  if (set === undefined) throw new RunError('no-such-set', `there is no set '${name}' in this account and Region`);
  context.stdout.write(options.json === true ? `${setJson(set)}\n` : formatSet(set));
  return 0;
}
