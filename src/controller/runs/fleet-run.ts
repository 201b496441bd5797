import type { Result } from '../../shared/result.ts';
import type { OurDocument } from '../documents/install-document.ts';
import type { EmitFleet } from '../events.ts';
import type {
  Clock,
  CommandHistoryRange,
  Commands,
  Documents,
  DocumentVersion,
  Inventory,
  Invocation,
  SentCommand,
  Snapshots,
} from '../ports.ts';
import { judgeHost, type ReportedRun } from './judge/judge-host.ts';
import type { Fleet, UnreachableHost } from './reachable.ts';
import type { FleetRequest } from './request.ts';
import type { RunEvidence } from './run-evidence.ts';

/** What is there already of a run: its commands, and where these are found. */
export interface EarlierCommands {
  /** The oldest first. */
  readonly sent: readonly SentCommand[];
  readonly range: CommandHistoryRange;
}

/** What a run needs from outside. */
export interface FleetPorts {
  readonly documents: Documents;
  readonly inventory: Inventory;
  readonly commands: Commands;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/** Shows a terminal what the hosts of commands under way do; `targets`: how many hosts these commands have. */
export type WatchHosts = (commandIds: readonly string[], targets: number) => Promise<void>;

/** What the parts of a run share. */
export interface FleetRun {
  readonly request: FleetRequest;
  readonly ours: OurDocument;
  readonly document: DocumentVersion;
  readonly fleet: Fleet;
  readonly earlier: EarlierCommands;
  readonly evidence: RunEvidence;
  readonly ports: FleetPorts;
  readonly emit: EmitFleet;
  readonly cancel: AbortSignal;
  /** Absent where no terminal shows the hosts. */
  readonly watch: WatchHosts | undefined;
}

/** What judging a host and the report need of a run; `cancelled` as of now. */
export const reportedRun = ({ request, cancel }: FleetRun): ReportedRun => ({
  operation: request.operation,
  run: request.run,
  until: request.until,
  cancelled: cancel.aborted,
});

/** The result of a host by its own report and Systems Manager's status; its set in EC2 does not count yet. */
export const resultOf = (run: FleetRun, invocation: Invocation): Result =>
  judgeHost(reportedRun(run), invocation.instanceId, { invocation, setsSeen: false }).result;

export const isDone = (run: FleetRun, invocation: Invocation): boolean => resultOf(run, invocation).outcome === 'done';

/** Records hosts that get no command, and emits an event for each. */
export function leaveOut({ evidence, emit }: FleetRun, hosts: readonly UnreachableHost[]): void {
  evidence.leftOut.push(...hosts);
  emitLeftOut(hosts, emit);
}

export function emitLeftOut(hosts: readonly UnreachableHost[], emit: EmitFleet): void {
  for (const { host, message } of hosts) {
    emit({ type: 'host-left-out', instance: host.instanceId, name: host.name, message });
  }
}
