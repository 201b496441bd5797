import { RunError } from '../../shared/errors.ts';
import type { FleetInstance, Inventory, Scope } from '../ports.ts';

/** The instances of a scope. Throws RunError `no-target` where there are none, or where EC2 does not know one of the ids. */
export async function targetInstances(scope: Scope, inventory: Inventory): Promise<readonly FleetInstance[]> {
  const targeted = await inventory.instances(scope);
  if (scope.by === 'ids') {
    const known = new Set(targeted.map(({ instanceId }) => instanceId));
    const unknown = scope.ids.filter((id) => !known.has(id));
    if (unknown.length > 0) {
      throw new RunError('no-target', `EC2 knows no instance ${unknown.join(', ')} in this account and Region`, {
        hint: 'Check --instance-ids, --region and --profile; nothing was sent.',
      });
    }
  } else if (targeted.length === 0) {
    const tags = scope.tags.map(({ key, values }) => `tag:${key}=${values.join('|')}`).join(' and ');
    throw new RunError('no-target', `no instance in this account and Region carries ${tags}`);
  }
  return targeted;
}
