import { RunError, toRunError } from '../../shared/errors.ts';
import { TAG } from '../../shared/tags.ts';
import { type OurDocument, requireOurDocument } from '../documents/install-document.ts';
import type { EmitFleet } from '../events.ts';
import type { FleetInstance, Inventory, Scope } from '../ports.ts';
import { targetInstances } from '../targets/target-instances.ts';
import { awaitSets } from './await-sets.ts';
import { emitLeftOut, type FleetPorts, type FleetRun, reportedRun } from './fleet-run.ts';
import { findEarlierCommands } from './follow/find-earlier-commands.ts';
import { watchHosts } from './follow/watch-hosts.ts';
import { collate, type FleetReport } from './judge/collate.ts';
import { type Fleet, partitionReachable } from './reachable.ts';
import type { FleetRequest } from './request.ts';
import { finishEarlierCommands } from './resume-run.ts';
import { RunEvidence } from './run-evidence.ts';
import { runWaves } from './run-waves.ts';

/**
 * The run: prove the document, take the inventory, find what was sent before and finish it, then wave by wave send, follow
 * and collect; find the sets in EC2, and compare. When `cancel` is aborted the commands are cancelled, and the report holds
 * what had become of each host by then. `isWatched`: a terminal shows the hosts meanwhile.
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
  emitLeftOut(fleet.unreachable, emit);
  checkWaveTags(request.waves, fleet.targeted, emit);

  const earlier = await findEarlierCommands(request, ports);
  const evidence = new RunEvidence(earlier.sent);
  const watch = isWatched ? watchHosts(fleet.targeted, earlier.range, ports, emit) : undefined;
  const run: FleetRun = { request, ours, document, fleet, earlier, evidence, ports, emit, cancel, watch };
  try {
    await finishEarlierCommands(run);
    await runWaves(run);
    evidence.sets = operation === 'snapshot' ? await awaitSets(run) : undefined;
  } catch (thrown) {
    throw asUnknownOutcome(thrown, run);
  }
  const all = { ...fleet, unreachable: [...fleet.unreachable, ...evidence.leftOut] };
  return collate(reportedRun(run), all, evidence);
}

async function takeInventory(scope: Scope, inventory: Inventory): Promise<Fleet> {
  const targeted = await targetInstances(scope, inventory);
  return partitionReachable(targeted, await inventory.managed(targeted.map(({ instanceId }) => instanceId)));
}

/**
 * Throws RunError `no-target` where no instance carries the tag of `--wave-by`: it is misspelt, and no host would get a turn.
 * Warns where none carries the one of `--prefer`.
 */
function checkWaveTags(rule: FleetRequest['waves'], targeted: readonly FleetInstance[], emit: EmitFleet): void {
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
function asUnknownOutcome(thrown: unknown, { request: { run, operation }, evidence }: FleetRun): unknown {
  const sent = [...evidence.commandIds];
  if (sent.length === 0) return thrown;
  const commands =
    sent.length === 1 ? `command ${sent[0]}` : `${sent.length} commands, the last of them ${sent.at(-1)},`;
  const { message } = toRunError(thrown);
  return new RunError('outcome-unknown', `the run is under way, but cannot be watched any more: ${message}`, {
    cause: thrown,
    hint:
      operation === 'plan'
        ? `Look at ${commands} in Run Command.`
        : `Mend that and go on with --resume ${run}: it takes up ${commands} and does no host twice (tag ${TAG.run}=${run}).`,
  });
}
