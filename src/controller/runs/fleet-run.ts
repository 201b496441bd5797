import type { Result } from '../../shared/result.ts';
import type { OurDocument } from '../documents/install-document.ts';
import type { EmitFleet } from '../events.ts';
import type { Clock, Commands, Documents, DocumentVersion, Inventory, Invocation, Snapshots } from '../ports.ts';
import type { SnapshotSet } from '../sets/snapshot-set.ts';
import { type Collected, collectInvocations } from './collect-invocations.ts';
import type { Before } from './find-earlier-commands.ts';
import type { CarriedOut } from './follow-commands.ts';
import { judgeHost, type ReportedRun } from './judge-host.ts';
import type { UnreachableHost } from './reachable.ts';
import type { FleetRequest } from './request.ts';
import type { Look } from './watch-hosts.ts';

export interface FleetPorts {
  readonly documents: Documents;
  readonly inventory: Inventory;
  readonly commands: Commands;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/** Everything that the parts of a run share. */
export interface FleetRun {
  readonly request: FleetRequest;
  readonly ours: OurDocument;
  readonly document: DocumentVersion;
  readonly ports: FleetPorts;
  readonly emit: EmitFleet;
  readonly cancel: AbortSignal;
  readonly before: Before;
  /** Only where somebody watches. */
  readonly look: Look | undefined;
}

/** What is known of the hosts so far. */
export interface Known extends Collected {
  /** Every set of the run that EC2 shows, whoever made it. */
  readonly sets?: ReadonlyMap<string, SnapshotSet>;
  /** Who was within reach and was not sent a command, and why. */
  readonly leftOut: readonly UnreachableHost[];
}

export const reported = ({ request, cancel }: FleetRun): ReportedRun => ({
  operation: request.operation,
  run: request.run,
  until: request.until,
  cancelled: cancel.aborted,
});

/** By a host's own word, and Systems Manager's. */
export const verdictOn = (run: FleetRun, invocation: Invocation): Result =>
  judgeHost(reported(run), invocation.instanceId, { invocation, setsSeen: false }).result;

export const isDone = (run: FleetRun, invocation: Invocation): boolean => verdictOn(run, invocation).outcome === 'done';

/** `all`: those of hosts that succeeded too, however many there are. */
export async function collect(
  { before, ports, emit }: FleetRun,
  { commandIds, interrupted }: CarriedOut,
  all: boolean,
): Promise<Collected> {
  const { invocations, withSuccesses } = await collectInvocations(commandIds, before.window, ports, emit, all);
  const noted = invocations.map((each) => (interrupted.has(each.instanceId) ? { ...each, began: true } : each));
  return { invocations: noted, withSuccesses };
}

export function sayWhoIsLeftOut(hosts: readonly UnreachableHost[], emit: EmitFleet): void {
  for (const { host, message } of hosts) {
    emit({ type: 'host-left-out', instance: host.instanceId, name: host.name, message });
  }
}
