import type { Inventory, Scope, Snapshots } from '../ports.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { volumesOf } from '../sets/snapshot-set.ts';
import { targetInstances } from '../targets/target-instances.ts';
import { type Freshness, judgeFreshness, type Objective } from './judge-freshness.ts';

/** How old the backups of every targeted host are, or of its cluster; of those without any, too. */
export async function backupStatus(
  scope: Scope,
  objective: Objective,
  { inventory, snapshots }: { readonly inventory: Inventory; readonly snapshots: Snapshots },
  now: Date,
): Promise<readonly Freshness[]> {
  const fleet = await targetInstances(scope, inventory);
  const ids = fleet.map(({ instanceId }) => instanceId);
  const { sets } = gatherSets(await snapshots.ofSets({ by: 'instances', ids }));
  return judgeFreshness(fleet, sets, await snapshots.attachments(sets.flatMap(volumesOf)), objective, now);
}
