import type { StepResult } from '../../ssm-agent/run-document.ts';
import type { ManagedHost } from './ssm-world.ts';
import type { DocumentVersion } from './document-store.ts';

/** [doc: Understanding command statuses] The status, and the detail that says how it came to be. */
export type InvocationStatus =
  | 'Pending'
  | 'InProgress'
  | 'Success'
  | 'Cancelled'
  | 'TimedOut'
  | 'Failed'
  | 'Cancelling';
export type InvocationDetail = InvocationStatus | 'DeliveryTimedOut' | 'ExecutionTimedOut' | 'Terminated';

export interface Invocation {
  readonly target: ManagedHost;
  readonly requestedAt: number;
  detail: InvocationDetail;
  steps: readonly StepResult[];
  startedAt?: number;
  endedAt?: number;
  /** How often GetCommandInvocation has been asked: it misses the first calls. */
  asked: number;
}

export interface Command {
  readonly commandId: string;
  readonly documentName: string;
  readonly documentVersion: DocumentVersion;
  /** As the caller gave it; what DocumentVersion answers. */
  readonly versionAsked: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly comment: string;
  readonly instanceIds: readonly string[];
  readonly targets: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  readonly requestedAt: number;
  readonly timeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  readonly invocations: ReadonlyMap<string, Invocation>;
  readonly cancel: AbortController;
  /** Set once more invocations have failed than MaxErrors allows. */
  exceededMaxErrors: boolean;
}

const STATUS: Readonly<Record<InvocationDetail, InvocationStatus>> = {
  Pending: 'Pending',
  InProgress: 'InProgress',
  Success: 'Success',
  Cancelled: 'Cancelled',
  Cancelling: 'Cancelling',
  TimedOut: 'TimedOut',
  Failed: 'Failed',
  DeliveryTimedOut: 'TimedOut',
  ExecutionTimedOut: 'TimedOut',
  Terminated: 'Cancelled',
};

export const statusOf = ({ detail }: Invocation): InvocationStatus => STATUS[detail];

const UNDER_WAY: ReadonlySet<InvocationDetail> = new Set(['Pending', 'InProgress', 'Cancelling']);
export const isUnderWay = ({ detail }: Invocation): boolean => UNDER_WAY.has(detail);

/** Failed and timed-out executions count as errors; a delivery that timed out is counted on its own. */
export const isError = ({ detail }: Invocation): boolean => detail === 'Failed' || detail === 'ExecutionTimedOut';

export interface CommandState {
  readonly status: 'Pending' | 'InProgress' | 'Success' | 'Cancelled' | 'Failed' | 'TimedOut' | 'Cancelling';
  readonly detail: string;
  readonly targets: number;
  readonly completed: number;
  readonly errors: number;
  readonly deliveryTimedOut: number;
}

/** The command as a whole, made of its invocations. */
export function stateOf(command: Command): CommandState {
  const counts = {
    targets: command.invocations.size,
    completed: 0,
    errors: 0,
    deliveryTimedOut: 0,
    pending: 0,
    successes: 0,
  };
  for (const invocation of command.invocations.values()) {
    if (!isUnderWay(invocation)) counts.completed += 1;
    if (isError(invocation)) counts.errors += 1;
    if (invocation.detail === 'DeliveryTimedOut') counts.deliveryTimedOut += 1;
    if (invocation.detail === 'Pending') counts.pending += 1;
    if (invocation.detail === 'Success') counts.successes += 1;
  }
  const { pending, successes, ...told } = counts;
  const as = (status: CommandState['status'], detail: string = status): CommandState => ({ status, detail, ...told });
  if (counts.targets === 0) return as('Success', 'NoInstancesInTag');
  if (counts.completed < counts.targets) {
    if (command.cancel.signal.aborted) return as('Cancelling');
    return pending === counts.targets ? as('Pending') : as('InProgress');
  }
  if (command.cancel.signal.aborted) return as('Cancelled');
  if (command.exceededMaxErrors) return as('Failed');
  if (successes === counts.targets) return as('Success');
  if (counts.deliveryTimedOut > 0) return as('TimedOut', 'DeliveryTimedOut');
  return as('Failed', 'Incomplete');
}

/** What the steps make of an invocation: one failure fails it, skipped steps do not. */
export function detailOf(steps: readonly StepResult[]): InvocationDetail {
  const statuses = new Set(steps.map(({ status }) => status));
  if (statuses.has('Cancelled')) return 'Cancelled';
  if (statuses.has('TimedOut')) return 'ExecutionTimedOut';
  if (statuses.has('Failed')) return 'Failed';
  return 'Success';
}

/** `10` or `10%` of the targets, at least 1 for concurrency; errors may be 0. */
export function limitOf(text: string, targets: number, least: number): number {
  const number = text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) * targets) / 100) : Number(text);
  return Math.max(number, least);
}
