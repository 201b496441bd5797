import { RunError, toRunError } from '../../shared/errors.ts';
import { TAG } from '../../shared/tags.ts';
import type { EmitFleet } from '../events.ts';
import { collate, type FleetReport } from '../fleet/collate.ts';
import { type Fleet, sortOut, type UnreachableHost } from '../fleet/reachable.ts';
import type { FleetRequest } from '../fleet/request.ts';
import { commandScopes, type Scope } from '../fleet/scope.ts';
import type { Clock, CommandRequest, Commands, Documents, DocumentVersion, Inventory } from '../ports.ts';
import { awaitCommands, collectInvocations } from './await-commands.ts';
import { type OurDocument, requireOurDocument } from './install-document.ts';
import { sendOnce } from './send-once.ts';
import { targetInstances } from './target-instances.ts';

export interface FleetPorts {
  readonly documents: Documents;
  readonly inventory: Inventory;
  readonly commands: Commands;
  readonly clock: Clock;
}

/**
 * The run: prove the document, take the inventory, send, wait, collect, compare. When `cancel` is aborted the commands
 * are cancelled, and the report says what had become of each host by then.
 */
export async function runOverFleet(
  request: FleetRequest,
  ours: OurDocument,
  ports: FleetPorts,
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<FleetReport> {
  const document = await requireOurDocument(ours, ports.documents);
  emit({
    type: 'run-started',
    operation: request.operation,
    run: request.run,
    document: ours.name,
    version: document.version,
  });

  const fleet = await takeInventory(request.scope, ports.inventory);
  emit({ type: 'inventory-taken', targeted: fleet.targeted.length, reachable: fleet.reachable.length });
  for (const { host, message } of fleet.unreachable) {
    emit({ type: 'host-left-out', instance: host.instanceId, name: host.name, message });
  }

  const { commandIds, unsent } = await sendAll(request, ours, document, fleet, ports, emit, cancel);
  const invocations = await sayingThatHostsAreAtWork(request, commandIds, async () => {
    // Commands by id were sent to nobody else than those within reach.
    const sentTo = request.scope.by === 'tags' ? fleet : { ...fleet, unreachable: [] };
    const interrupted = await awaitCommands(commandIds, sentTo, ports.commands, ports.clock, emit, cancel);
    const collected = await collectInvocations(commandIds, ports.commands, ports.clock, emit);
    return collected.map((each) => (interrupted.has(each.instanceId) ? { ...each, began: true } : each));
  });

  const { operation, run } = request;
  const all = { ...fleet, unreachable: [...fleet.unreachable, ...unsent] };
  return collate({ operation, run, cancelled: cancel.aborted }, all, invocations);
}

/** Sends the commands. Once hosts are at work, a command that cannot be sent is told of its hosts, not thrown. */
async function sendAll(
  request: FleetRequest,
  ours: OurDocument,
  document: DocumentVersion,
  fleet: Fleet,
  { commands, clock }: FleetPorts,
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<{ commandIds: string[]; unsent: UnreachableHost[] }> {
  const [commandIds, unsent]: [string[], UnreachableHost[]] = [[], []];
  for (const scope of commandScopes(request.scope, fleet.reachable)) {
    if (cancel.aborted) break;
    try {
      commandIds.push(await sendOnce(commandRequest(request, ours, document, scope), commands, clock, emit));
    } catch (thrown) {
      if (commandIds.length === 0 || scope.by === 'tags') throw thrown;
      const { code: why, message, hint } = toRunError(thrown);
      emit({ type: 'warned', message });
      const code = why === 'outcome-unknown' ? why : 'host-missing';
      const ids = new Set(scope.ids);
      const hosts = fleet.targeted.filter(({ instanceId }) => ids.has(instanceId));
      unsent.push(...hosts.map((host) => ({ host, code, message, hint }) as const));
    }
  }
  return { commandIds, unsent };
}

/** An error while hosts are at work says nothing of the hosts: it must not look like a refusal before the start. */
async function sayingThatHostsAreAtWork<T>(
  request: FleetRequest,
  commandIds: readonly string[],
  wait: () => Promise<T>,
): Promise<T> {
  try {
    return await wait();
  } catch (thrown) {
    const { message } = toRunError(thrown);
    throw new RunError('outcome-unknown', `the hosts are at work, but cannot be watched any more: ${message}`, {
      cause: thrown,
      hint: `Look at command ${commandIds.join(', ')} in Run Command, and for snapshots with the tag ${TAG.run}=${request.run}.`,
    });
  }
}

async function takeInventory(scope: Scope, inventory: Inventory): Promise<Fleet> {
  const targeted = await targetInstances(scope, inventory);
  return sortOut(targeted, await inventory.managed(targeted.map(({ instanceId }) => instanceId)));
}

function commandRequest(
  request: FleetRequest,
  ours: OurDocument,
  document: DocumentVersion,
  scope: Scope,
): CommandRequest {
  return {
    document: { name: ours.name, version: document.version, sha256: ours.sha256 },
    scope,
    parameters: request.parameters,
    comment: request.comment,
    maxConcurrency: request.maxConcurrency,
    maxErrors: request.maxErrors,
    deliverySeconds: request.deliverySeconds,
  };
}
