import { type RunError, toRunError } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import type { EmitFleet } from '../events.ts';
import type { SetChoice, Snapshots } from '../ports.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { volumesOf } from '../sets/snapshot-set.ts';
import type { KeepRules } from './keep-rules.ts';
import { planPrune, type Verdict } from './plan-prune.ts';
import type { PrunedVerdict, PruneReport } from './prune-report.ts';

export interface PruneRequest {
  readonly instances: readonly InstanceId[];
  /** `undefined` where none is given: then retired servers alone lose sets. */
  readonly rules: KeepRules | undefined;
  /** The keys of servers of which nothing has to be kept. */
  readonly retired: readonly string[];
  /** Without it a plan is made, and nothing is deleted. */
  readonly apply: boolean;
}

/** Plans, and with `apply` deletes set by set, oldest first; `cancel` is heeded between two sets. */
export async function prune(
  request: PruneRequest,
  snapshots: Snapshots,
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<PruneReport> {
  const verdicts = await plan(request, snapshots);
  const doomed = verdicts.filter(({ fate }) => fate === 'delete').reverse();
  if (!request.apply || doomed.length === 0) return { verdicts, ending: 'done' };

  const outcomes = new Map<Verdict, Pick<PrunedVerdict, 'deleted' | 'failure'>>();
  for (const verdict of doomed) {
    if (cancel.aborted) break;
    const { failure, touched } = await deleteSet(verdict, snapshots);
    if (failure !== undefined && isOfAll(failure) && outcomes.size === 0 && !touched) throw failure;
    outcomes.set(verdict, failure === undefined ? { deleted: true } : { failure });
    if (failure !== undefined && isOfAll(failure)) break;
    emit({ type: 'sets-deleted', sets: outcomes.size, of: doomed.length });
  }
  const incomplete = [...outcomes.values()].some(({ failure }) => failure !== undefined);
  return {
    verdicts: verdicts.map((verdict) => ({ ...verdict, ...outcomes.get(verdict) })),
    ending: incomplete ? 'prune-incomplete' : outcomes.size < doomed.length ? 'cancelled' : 'done',
  };
}

async function plan({ instances, rules, retired }: PruneRequest, snapshots: Snapshots): Promise<readonly Verdict[]> {
  const choice: SetChoice = instances.length > 0 ? { by: 'instances', ids: instances } : { by: 'all' };
  const { sets } = gatherSets(await snapshots.ofSets(choice));
  return planPrune(sets, rules, {
    attachments: await snapshots.attachments(sets.flatMap(volumesOf)),
    locked: await snapshots.locked(),
    retired: new Set(retired),
  });
}

async function deleteSet(
  { set }: Verdict,
  snapshots: Snapshots,
): Promise<{ readonly failure?: RunError; readonly touched: boolean }> {
  let touched = false;
  try {
    for (const { snapshotId } of set.members) {
      await snapshots.delete(snapshotId);
      touched = true;
    }
    return { touched };
  } catch (thrown) {
    return { failure: toRunError(thrown), touched };
  }
}

/** What one set meets every other one would. */
const isOfAll = ({ code }: RunError): boolean =>
  code === 'no-permission' || code === 'no-credentials' || code === 'aws-unreachable';
