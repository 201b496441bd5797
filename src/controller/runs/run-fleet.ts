import { RunError, toRunError } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import { TAG } from '../../shared/tags.ts';
import { type OurDocument, requireOurDocument } from '../documents/install-document.ts';
import type { EmitFleet } from '../events.ts';
import type { FleetInstance, Inventory, Scope } from '../ports.ts';
import type { SnapshotSet } from '../sets/snapshot-set.ts';
import { targetInstances } from '../targets/target-instances.ts';
import { awaitCompletion, type SetsOfRun, seeSets } from './await-sets.ts';
import { collate, type FleetReport } from './collate.ts';
import { type Before, findEarlierCommands } from './find-earlier-commands.ts';
import { type FleetPorts, type FleetRun, isDone, type Known, reported, sayWhoIsLeftOut } from './fleet-run.ts';
import { type Fleet, partitionReachable } from './reachable.ts';
import type { FleetRequest } from './request.ts';
import { finishEarlierCommands } from './resume-run.ts';
import { runWaves } from './run-waves.ts';
import { watchHosts } from './watch-hosts.ts';

/**
 * The run: prove the document, take the inventory, see what was done before, then wave by wave send, wait and collect;
 * see the sets in EC2, and compare. When `cancel` is aborted the commands are cancelled, and the report says what had
 * become of each host by then. `isWatched`: hosts are looked at on the way, too.
 */
export async function runFleet(
  request: FleetRequest,
  ours: OurDocument,
  ports: FleetPorts,
  emit: EmitFleet,
  cancel: AbortSignal,
  isWatched = false,
): Promise<FleetReport> {
  const document = await requireOurDocument(ours, ports.documents);
  const { operation, run: id } = request;
  emit({ type: 'run-started', operation, run: id, document: ours.name, version: document.version });

  const fleet = await takeInventory(request.scope, ports.inventory);
  emit({ type: 'inventory-taken', targeted: fleet.targeted.length, reachable: fleet.reachable.length });
  sayWhoIsLeftOut(fleet.unreachable, emit);
  sayWhatNobodyCarries(request.waves, fleet.targeted, emit);
  const before = await findEarlierCommands(request, ports);

  return sayingThatHostsAreAtWork(request, before, emit, async (noting) => {
    const look = isWatched ? watchHosts(fleet.targeted, before.window, ports, emit) : undefined;
    const run: FleetRun = { request, ours, document, ports, emit: noting, cancel, before, look };
    const earlier = await finishEarlierCommands(run, fleet);
    const later = await runWaves(run, fleet, earlier);
    const sets = operation === 'snapshot' ? await setsOf(run, fleet, later) : undefined;
    const { invocations, leftOut } = later;
    const all = { ...fleet, unreachable: [...fleet.unreachable, ...leftOut] };
    return collate(reported(run), all, { invocations, sets });
  });
}

/** EC2 shows what it has with a delay. */
const SHOWN_AFTER_MS = 5_000;

/**
 * The run's sets as EC2 has them; where it was asked for, when EBS has completed them. Where the hosts' own words are all
 * there, not to see the sets is no reason to lose those.
 */
async function setsOf(run: FleetRun, fleet: Fleet, known: Known): Promise<SetsOfRun | undefined> {
  const { request, ports, emit, cancel } = run;
  const see = () => seeSets(request.run, expectedOf(run, fleet, known), ports);
  try {
    if (request.until === 'pending') return await see();
    for (;;) {
      await awaitCompletion(request.run, ports, emit, cancel);
      const sets = await see();
      // Some may not have been shown yet when nothing was left to complete.
      if (cancel.aborted || ![...sets.values()].some(isPending)) return sets;
      await ports.clock.sleep(SHOWN_AFTER_MS, cancel);
    }
  } catch (thrown) {
    if (!known.withSuccesses || request.until === 'completed') throw thrown;
    emit({ type: 'warned', message: `whether EBS completes the sets was not seen: ${toRunError(thrown).message}` });
    return undefined;
  }
}

const isPending = ({ state }: SnapshotSet): boolean => state === 'pending';

/** The hosts of which a set should be there. */
function expectedOf(run: FleetRun, fleet: Fleet, { invocations, withSuccesses, leftOut }: Known): InstanceId[] {
  const not = new Set<string>(leftOut.map(({ host }) => host.instanceId));
  for (const each of invocations) if (!isDone(run, each)) not.add(each.instanceId);
  const answered = new Set<string>(invocations.map(({ instanceId }) => instanceId));
  return fleet.reachable.filter((id) => !not.has(id) && (answered.has(id) || !withSuccesses));
}

/** Throws `no-target` where nobody carries the tag of `--wave-by`: it is misspelt, and nobody would get a turn. */
function sayWhatNobodyCarries(rule: FleetRequest['waves'], targeted: readonly FleetInstance[], emit: EmitFleet): void {
  if (rule === undefined) return;
  const { key, prefer } = rule;
  if (!targeted.some(({ tags }) => key in tags)) {
    throw new RunError('no-target', `no targeted instance carries the tag ${key} (--wave-by)`, {
      hint: 'Check how it is spelt; nothing was sent.',
    });
  }
  if (prefer === undefined || targeted.some(({ tags }) => prefer.values.includes(tags[prefer.key] ?? ''))) return;
  const message = `no targeted instance carries tag:${prefer.key}=${prefer.values.join('|')} (--prefer)`;
  emit({ type: 'warned', message });
}

/** An error while hosts are at work says nothing of the hosts: it must not look like a refusal before the start. */
async function sayingThatHostsAreAtWork<T>(
  { run, operation }: FleetRequest,
  before: Before,
  emit: EmitFleet,
  work: (emit: EmitFleet) => Promise<T>,
): Promise<T> {
  const sent = before.sent.map(({ commandId }) => commandId);
  try {
    return await work((event) => {
      if (event.type === 'command-sent') sent.push(event.commandId);
      emit(event);
    });
  } catch (thrown) {
    if (sent.length === 0) throw thrown;
    const { message } = toRunError(thrown);
    const commands =
      sent.length === 1 ? `command ${sent[0]}` : `${sent.length} commands, the last of them ${sent.at(-1)},`;
    throw new RunError('outcome-unknown', `the run is under way, but cannot be watched any more: ${message}`, {
      cause: thrown,
      hint:
        operation === 'plan'
          ? `Look at ${commands} in Run Command.`
          : `Mend that and go on with --resume ${run}: it takes up ${commands} and does no host twice (tag ${TAG.run}=${run}).`,
    });
  }
}

async function takeInventory(scope: Scope, inventory: Inventory): Promise<Fleet> {
  const targeted = await targetInstances(scope, inventory);
  return partitionReachable(targeted, await inventory.managed(targeted.map(({ instanceId }) => instanceId)));
}
