import { toRunError } from '../../shared/errors.ts';
import type { InstanceId, RunId } from '../../shared/ids.ts';
import { Pauses, pause, poll } from '../../shared/poll.ts';
import type { Clock, Snapshots } from '../ports.ts';
import { whyUnattributed } from '../sets/attribution.ts';
import { gatherSets } from '../sets/gather-sets.ts';
import { type SnapshotSet, volumesOf } from '../sets/snapshot-set.ts';
import { type FleetRun, isDone } from './fleet-run.ts';

/** The sets of one run by instance. */
export type SetsOfRun = ReadonlyMap<string, SnapshotSet>;

interface SetPorts {
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/** DescribeSnapshots may lag behind CreateSnapshots: it is asked this often, this far apart, for sets that should be there. */
const LOOKS = { firstMs: 5_000, times: 3 } as const;
/** Between two looks at what EBS has still to complete. */
const COMPLETION = { firstMs: 5_000, factor: 1.5, longestMs: 60_000 } as const;
/** EC2 shows snapshots with a delay of this order. */
const SHOWN_AFTER_MS = 5_000;

/**
 * The run's sets as EC2 has them; with `--until completed`, once EBS has completed them. Where the reports of all hosts are
 * there, an EC2 that does not answer costs only the sets: a warning, and `undefined`.
 */
export async function awaitSets(run: FleetRun): Promise<SetsOfRun | undefined> {
  const { request, evidence, ports, emit, cancel } = run;
  const find = () => findSets(request.run, expectedHosts(run), ports);
  try {
    if (request.until === 'pending') return await find();
    for (;;) {
      await awaitCompletion(run);
      const sets = await find();
      // Some may not have been shown yet when nothing was left to complete.
      if (cancel.aborted || ![...sets.values()].some(({ state }) => state === 'pending')) return sets;
      await pause(ports.clock, SHOWN_AFTER_MS, cancel);
    }
  } catch (thrown) {
    if (!evidence.hasSuccesses || request.until === 'completed') throw thrown;
    emit({ type: 'warned', message: `whether EBS completes the sets was not seen: ${toRunError(thrown).message}` });
    return undefined;
  }
}

/** The hosts of which a set should be there. */
function expectedHosts(run: FleetRun): InstanceId[] {
  const { fleet, evidence } = run;
  const { invocations, leftOut, hasSuccesses } = evidence;
  const not = new Set<string>(leftOut.map(({ host }) => host.instanceId));
  for (const each of invocations) if (!isDone(run, each)) not.add(each.instanceId);
  const answered = new Set<string>(invocations.map(({ instanceId }) => instanceId));
  return fleet.reachable.filter((id) => !not.has(id) && (answered.has(id) || !hasSuccesses));
}

/**
 * The sets that EC2 has of a run. `expected`: those of these instances should be there. A set that is not proven to be of the
 * instance that it names is left out: anyone who may tag snapshots could have made it.
 */
async function findSets(
  run: RunId,
  expected: readonly InstanceId[],
  { snapshots, clock }: SetPorts,
): Promise<SetsOfRun> {
  const found = new Map<string, SnapshotSet>();
  let only: readonly InstanceId[] | undefined;
  await poll(clock, LOOKS, async () => {
    const choice = { by: 'run', run, ...(only === undefined ? {} : { only }) } as const;
    for (const set of await attributed(gatherSets(await snapshots.ofSets(choice)).sets, snapshots))
      found.set(set.instance, set);
    only = expected.filter((instance) => isLagging(found.get(instance)));
    return only.length === 0 || undefined;
  });
  return found;
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

/** Waits until EBS has completed every member of the run's sets, or failed it. Cancelling ends the waiting only. */
async function awaitCompletion({ request, ports: { snapshots, clock }, emit, cancel }: FleetRun): Promise<void> {
  const pauses = new Pauses(COMPLETION);
  while (!cancel.aborted) {
    const pending = await snapshots.pending(request.run);
    emit({ type: 'completing', pending });
    if (pending === 0) return;
    await pause(clock, pauses.next(), cancel);
  }
}
