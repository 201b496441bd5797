import type { Coordinates } from '../../shared/coordinates.ts';
import { createSetRequest } from '../plan/create-set-request.ts';
import type { SnapshotPlan, SnapshotRequest } from '../plan/snapshot-plan.ts';
import type {
  ApplierRecords,
  Clock,
  CreateSetAnswer,
  Ec2,
  Emit,
  FreezeRecords,
  HostReader,
  Processes,
  ServerSession,
  WriterLock,
} from '../ports.ts';
import type { WatchdogRequest } from '../window/applier-watchdog-request.ts';
import type { Isolation } from '../window/detached-process.ts';
import type { Proof } from '../window/proof.ts';

/** What the run needs from outside. */
export interface SnapshotPorts {
  readonly host: HostReader;
  readonly ec2: Ec2;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly freezeRecords: FreezeRecords;
  readonly applierRecords: ApplierRecords;
  readonly isolation: Isolation;
  /** The argument array of this very program, less its verb. */
  readonly ownProgram: readonly string[];
  takeRunLock(): Promise<AsyncDisposable>;
  takeWriterLock(): Promise<WriterLock>;
  connect(): Promise<ServerSession>;
  /** How `connect` does it, for a process of ours: it holds a password. */
  connection(): Promise<WatchdogRequest['connection']>;
  /** Cancels the run wherever nothing has to be undone; what is held is always given back first. */
  readonly signal: AbortSignal;
}

/** Everything with which a set is taken. */
export interface Attempt {
  readonly request: SnapshotRequest;
  readonly plan: SnapshotPlan;
  /** The caller's `aws:userid`. */
  readonly owner: string;
  readonly session: ServerSession;
  readonly writerLock: WriterLock;
  readonly ports: SnapshotPorts;
}

/** What is known once everything has been given back. */
export interface TakenSet {
  /** Absent where they are known only when the set is restored. */
  readonly coordinates?: Coordinates;
  readonly answer: CreateSetAnswer;
  readonly apiMs: number;
  readonly proofs: readonly Proof[];
}

/** DryRun of the one request. Throws RunError 10-29. */
export async function provePermission({ plan, owner, ports }: Attempt): Promise<void> {
  await ports.ec2.proveCreateSet(createSetRequest(plan, {}, ports.clock.now(), owner));
  ports.emit({ type: 'permission-proven' });
}
