import { createSetRequest } from '../plan/create-set-request.ts';
import type { Attempt } from './snapshot-world.ts';

/** DryRun of the one request. Throws RunError 10-29. */
export async function provePermission({ plan, owner, world }: Attempt): Promise<void> {
  await world.ec2.proveCreateSet(createSetRequest(plan, {}, world.clock.now(), owner));
  world.emit({ type: 'permission-proven' });
}
