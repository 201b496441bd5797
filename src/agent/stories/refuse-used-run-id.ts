import { RunError } from '../../shared/errors.ts';
import type { SnapshotPlan } from '../plan/snapshot-plan.ts';
import type { Ec2 } from '../ports.ts';

/**
 * Asks EC2 whether the set's name is free: two sets under one name make each other contradictory, and neither counts as
 * good or is pruned. Throws RunError `run-id-used`, or another 10-29 where EC2 does not answer.
 */
export async function refuseUsedRunId({ run, set }: SnapshotPlan, ec2: Pick<Ec2, 'findSet'>): Promise<void> {
  const { length } = await ec2.findSet(set);
  if (length === 0) return;
  throw new RunError('run-id-used', `run id '${run}' is used already: the set ${set} has ${length} snapshots`);
}
