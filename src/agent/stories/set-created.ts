import type { SnapshotPlan } from '../plan/snapshot-plan.ts';
import type { CreatedSnapshot } from '../ports.ts';

/** The event of a set that EC2 has taken. */
export const setCreated = (plan: SnapshotPlan, members: readonly CreatedSnapshot[], apiMs: number) =>
  ({ type: 'set-created', set: plan.set, snapshots: members.map(({ snapshotId }) => snapshotId), apiMs }) as const;
