import type { StepResult } from '../../ssm-agent/run-document.ts';
import { NotDelivered } from '../behaviour.ts';
import type { Command, Invocation, InvocationDetail, InvocationStatus } from './model.ts';

const STATUS: Readonly<Record<InvocationDetail, InvocationStatus>> = {
  Pending: 'Pending',
  Delayed: 'Delayed',
  InProgress: 'InProgress',
  Success: 'Success',
  Cancelled: 'Cancelled',
  Cancelling: 'Cancelling',
  TimedOut: 'TimedOut',
  Failed: 'Failed',
  DeliveryTimedOut: 'TimedOut',
  ExecutionTimedOut: 'TimedOut',
  Terminated: 'Cancelled',
  // Seen in the wild of Undeliverable, with the response code -1; of the other two it is the lab's reading.
  Undeliverable: 'Failed',
  InvalidPlatform: 'Failed',
  AccessDenied: 'Failed',
};

export const statusOf = ({ detail }: Invocation): InvocationStatus => STATUS[detail];

const UNDER_WAY: ReadonlySet<InvocationDetail> = new Set(['Pending', 'Delayed', 'InProgress', 'Cancelling']);
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

/**
 * The command as a whole, made of its invocations [doc: Command, StatusDetails]. The documentation gives
 * `Incomplete` as a detail only; that its status is Failed is the lab's reading. Four undeliverable invocations and one
 * that succeeds are a success; undeliverable ones alone are a failure [doc: Understanding command statuses].
 */
export function stateOf(command: Command): CommandState {
  const count = new Map<InvocationDetail, number>();
  for (const { detail } of command.invocations.values()) count.set(detail, (count.get(detail) ?? 0) + 1);
  const of = (...details: InvocationDetail[]) => details.reduce((sum, detail) => sum + (count.get(detail) ?? 0), 0);

  const targets = command.invocations.size;
  const completed = targets - of(...UNDER_WAY);
  const deliveryTimedOut = of('DeliveryTimedOut');
  const errors = of('Failed', 'ExecutionTimedOut');
  const delivered = targets - of(...NotDelivered.options);
  const as = (status: CommandState['status'], detail: string = status): CommandState => ({
    status,
    detail,
    targets,
    completed,
    errors,
    deliveryTimedOut,
  });

  const cancelled = command.cancel.signal.aborted;
  if (targets === 0) return as('Success', 'NoInstancesInTag');
  if (completed < targets && cancelled) return as('Cancelling');
  if (completed < targets) return of('Pending', 'Delayed') === targets ? as('Pending') : as('InProgress');
  if (cancelled) return as('Cancelled');
  if (delivered === 0 || of('Failed') > command.errorsAllowed) return as('Failed');
  if (errors > command.errorsAllowed) return as('TimedOut', 'ExecutionTimedOut');
  if (deliveryTimedOut > command.errorsAllowed) return as('TimedOut', 'DeliveryTimedOut');
  return of('Success') === delivered ? as('Success') : as('Failed', 'Incomplete');
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
