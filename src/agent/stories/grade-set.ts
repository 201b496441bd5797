import { messageOf, RunError } from '../../shared/errors.ts';
import type { SnapshotId } from '../../shared/ids.ts';
import { poll } from '../../shared/poll.ts';
import { TAG } from '../../shared/tags.ts';
import type { SnapshotPlan } from '../plan/snapshot-plan.ts';
import type { CreatedSnapshot, Ec2, Emit } from '../ports.ts';
import type { Proof } from '../window/proof.ts';
import type { SnapshotPorts, TakenSet } from './attempt.ts';

type GradingPorts = Pick<SnapshotPorts, 'ec2' | 'clock' | 'emit'>;

/** EC2 is eventually consistent: how often and how long a set is looked for after an ambiguous answer. */
const LOOK_UP = { times: 5, firstMs: 2_000 } as const;

/** The event of a set that EC2 has taken. */
export const setCreated = (plan: SnapshotPlan, members: readonly CreatedSnapshot[], apiMs: number) =>
  ({ type: 'set-created', set: plan.set, snapshots: members.map(({ snapshotId }) => snapshotId), apiMs }) as const;

/** Says what the set is worth; only what was created whole and proven is raised above `unproven`. */
export async function gradeSet(plan: SnapshotPlan, taken: TakenSet, { ec2, clock, emit }: GradingPorts): Promise<void> {
  const { answer, proofs } = taken;
  if (taken.coordinates) emit({ type: 'coordinates-recorded', coordinates: taken.coordinates });
  for (const proof of proofs) emit({ type: 'proof', ...proof });
  if (answer.kind === 'refused')
    throw new RunError('create-refused', `CreateSnapshots: ${answer.code}: ${answer.message}`);
  if (answer.kind === 'unknown') throw await resolveUnknownOutcome(plan, answer.message, proofs, { ec2, clock, emit });

  const created = setCreated(plan, answer.snapshots, taken.apiMs);
  emit(created);
  const { snapshots: ids } = created;
  const broken = brokenPromise(plan, answer.snapshots, proofs);
  if (broken !== undefined) {
    await tagBroken(ids, ec2, emit);
    throw new RunError('set-broken', broken);
  }
  try {
    await ec2.tagSet(ids, TAG.grade, plan.level);
  } catch (error) {
    throw new RunError('grade-unwritten', `the grade could not be raised: ${messageOf(error)}`, { cause: error });
  }
  emit({ type: 'graded', grade: plan.level });
}

/** The first promise of the run that was not kept. */
function brokenPromise(
  plan: SnapshotPlan,
  snapshots: readonly { volumeId: string }[],
  proofs: readonly Proof[],
): string | undefined {
  const came = snapshots.map((member) => member.volumeId).sort();
  const planned = [...plan.members].sort();
  if (came.join() !== planned.join())
    return `planned ${planned.join(', ')} but the set holds ${came.join(', ') || 'nothing'}`;
  const failed = proofs.find((proof) => !proof.held);
  return failed && `${failed.name}: ${failed.detail}`;
}

/**
 * After an ambiguous answer: looks before it says anything. What is found is never called good; where a proof has
 * failed besides, it is called broken.
 */
async function resolveUnknownOutcome(
  plan: SnapshotPlan,
  reason: string,
  proofs: readonly Proof[],
  { ec2, clock, emit }: GradingPorts,
): Promise<RunError> {
  let found: readonly SnapshotId[] = [];
  let trouble = '';
  await poll(clock, LOOK_UP, async () => {
    try {
      found = (await ec2.findSet(plan.set)).map((member) => member.snapshotId);
      trouble = '';
    } catch (error) {
      trouble = `; the look-up failed too: ${messageOf(error)}`;
    }
    return found.length >= plan.members.length || undefined;
  });
  emit({ type: 'looked-up', set: plan.set, found });
  const failed = proofs.find((proof) => !proof.held);
  const worth = failed === undefined || found.length === 0 ? 'unproven' : await tagBroken(found, ec2, emit);
  const seen =
    found.length > 0
      ? `${found.length} of ${plan.members.length} snapshots exist, graded ${worth}`
      : 'no snapshot is found so far';
  return new RunError('outcome-unknown', `CreateSnapshots: ${reason}${trouble}; ${seen}`);
}

/** Says that the set is broken; where EC2 does not let us, it stays unproven, which is no better. */
async function tagBroken(ids: readonly SnapshotId[], ec2: Ec2, emit: Emit): Promise<'broken' | 'unproven'> {
  try {
    await ec2.tagSet(ids, TAG.grade, 'broken');
  } catch (error) {
    const message = `the set stays unproven, it could not be tagged broken: ${messageOf(error)}`;
    emit({ type: 'warned', code: 'grade-unwritten', message });
    return 'unproven';
  }
  emit({ type: 'graded', grade: 'broken' });
  return 'broken';
}
