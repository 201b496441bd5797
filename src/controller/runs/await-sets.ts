import type { InstanceId, RunId } from '../../shared/ids.ts';
import type { EmitFleet } from '../events.ts';
import type { Clock, Snapshots } from '../ports.ts';
import { whyUnattributed } from '../sets/attribution.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { type SnapshotSet, volumesOf } from '../sets/snapshot-set.ts';

/** The sets of one run, by the instance that they are of. */
export type SetsOfRun = ReadonlyMap<string, SnapshotSet>;

export interface SetPorts {
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/** DescribeSnapshots may lag behind CreateSnapshots: it is asked this often, this far apart, for sets that should be there. */
const LOOKS = 3;
const LOOK_EVERY_MS = 5_000;

/** Between two looks at what EBS has still to complete. */
const COMPLETION = { firstMs: 5_000, factor: 1.5, longestMs: 60_000 } as const;

/**
 * The sets that EC2 has of a run. `expected`: those of these instances should be there. A set that is not proven to be of the
 * instance that it names is left out: whoever may tag snapshots could have made it.
 */
export async function seeSets(
  run: RunId,
  expected: Iterable<InstanceId>,
  { snapshots, clock }: SetPorts,
): Promise<SetsOfRun> {
  const found = new Map<string, SnapshotSet>();
  let only: readonly InstanceId[] | undefined;
  const wanted = new Set(expected);
  for (let looked = 1; ; looked++) {
    const choice = { by: 'run', run, ...(only === undefined ? {} : { only }) } as const;
    for (const set of await attributed(gatherSets(await snapshots.ofSets(choice)).sets, snapshots))
      found.set(set.instance, set);
    only = [...wanted].filter((instance) => isLagging(found.get(instance)));
    if (only.length === 0 || looked === LOOKS) return found;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Its members, and the tag that its grade was raised to, may be shown one after the other. */
const isLagging = (set: SnapshotSet | undefined): boolean =>
  set === undefined || set.state === 'partial' || set.grade === 'unproven';

async function attributed(sets: readonly SnapshotSet[], snapshots: Snapshots): Promise<readonly SnapshotSet[]> {
  const doubtful = sets.filter((set) => whyUnattributed(set, new Map()) !== undefined);
  if (doubtful.length === 0) return sets;
  const attachments = await snapshots.attachments(doubtful.flatMap(volumesOf));
  return sets.filter((set) => whyUnattributed(set, attachments) === undefined);
}

/** Waits until EBS has completed every member of the run's sets, or failed it. Aborting `cancel` ends the waiting only. */
export async function awaitCompletion(
  run: RunId,
  { snapshots, clock }: SetPorts,
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<void> {
  let wait: number = COMPLETION.firstMs;
  while (!cancel.aborted) {
    const pending = await snapshots.pending(run);
    emit({ type: 'completing', pending });
    if (pending === 0) return;
    await clock.sleep(wait, cancel);
    wait = Math.min(wait * COMPLETION.factor, COMPLETION.longestMs);
  }
}
