import * as v from 'valibot';
import type { ServiceName } from './account.ts';
import { Rates } from './rates.ts';

const Milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0));

const Struck = {
  /** Like `CreateSnapshots`. */
  action: v.string(),
  /** How many calls it strikes before it is spent; absent: every one. */
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** How many calls it lets pass before it strikes. */
  skip: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Strikes DryRun requests instead of real ones. */
  dryRun: v.optional(v.boolean(), false),
};

/** What goes wrong with an action. */
export const Fault = v.variant('kind', [
  /** Refused before any work, with the service's own throttling error. */
  v.object({ ...Struck, kind: v.literal('throttle') }),
  /** Refused before any work, with this error. */
  v.object({
    ...Struck,
    kind: v.literal('refuse'),
    code: v.string(),
    message: v.optional(v.string(), 'refused by a fault of the lab'),
    status: v.optional(v.number(), 400),
  }),
  /** The connection is reset: before any work, or after the work is done and before its answer. */
  v.object({ ...Struck, kind: v.picklist(['drop-before', 'drop-after']) }),
  /** The work is done, the answer is HTTP 500 InternalError. */
  v.object({ ...Struck, kind: v.literal('error-after') }),
  /** CreateSnapshots answers well and the set goes to `error` later, as EBS does when a member fails. */
  v.object({
    ...Struck,
    action: v.literal('CreateSnapshots'),
    kind: v.literal('set-fails'),
    afterMs: v.optional(Milliseconds, 0),
  }),
  /** CreateSnapshots takes all members but the last; `answered`: and says so, else the connection is reset. */
  v.object({
    ...Struck,
    action: v.literal('CreateSnapshots'),
    kind: v.literal('half-set'),
    answered: v.optional(v.boolean(), true),
  }),
]);
export type Fault = v.InferOutput<typeof Fault>;

/**
 * Why Systems Manager does not deliver a command to a target. Such a target does not count towards MaxErrors, nor
 * towards the command's status unless no target gets the command.
 */
export const NotDelivered = v.picklist(['Undeliverable', 'InvalidPlatform', 'AccessDenied']);
export type NotDelivered = v.InferOutput<typeof NotDelivered>;

export const Behaviour = v.object({
  /** Answer time by action, like `{ "CreateSnapshots": 300 }`; the work is done half-way. DryRun answers at once. */
  latencyMs: v.record(v.string(), Milliseconds),
  faults: v.array(Fault),
  /** How many requests are taken; what is more is throttled. */
  rates: Rates,
  /** From a snapshot's start to `completed`. */
  snapshotCompletionMs: Milliseconds,
  /** SnapshotCreationPerVolumeRateExceeded below this interval (AWS: 15,000); 0 leaves it out. */
  snapshotIntervalMs: Milliseconds,
  /** How many GetCommandInvocation calls for one invocation still miss it (eventual consistency). */
  invocationMisses: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Instances whose SSM agent has lost its connection: commands wait for them until their delivery times out. */
  offline: v.array(v.string()),
  /** Instances to which Systems Manager does not deliver, and why. */
  undelivered: v.record(v.string(), NotDelivered),
});
export type Behaviour = v.InferOutput<typeof Behaviour>;

export const BehaviourChange = v.partial(v.strictObject(Behaviour.entries));
export type BehaviourChange = v.InferInput<typeof BehaviourChange>;

export const usualBehaviour = (): Behaviour => ({
  latencyMs: {},
  faults: [],
  rates: {},
  snapshotCompletionMs: 300,
  snapshotIntervalMs: 0,
  invocationMisses: 1,
  offline: [],
  undelivered: {},
});

/** Takes the next fault that strikes this call, and counts it. */
export function takeFault(behaviour: Behaviour, action: string, dryRun: boolean): Fault | undefined {
  const index = behaviour.faults.findIndex((fault) => fault.action === action && fault.dryRun === dryRun);
  const fault = behaviour.faults[index];
  if (fault !== undefined && fault.skip > 0) {
    behaviour.faults[index] = { ...fault, skip: fault.skip - 1 };
    return undefined;
  }
  if (fault?.times === undefined) return fault;
  if (fault.times > 1) behaviour.faults[index] = { ...fault, times: fault.times - 1 };
  else behaviour.faults.splice(index, 1);
  return fault;
}

/** The throttling error of each service. */
export const THROTTLED: Readonly<Record<ServiceName, { code: string; message: string; status: number }>> = {
  ec2: { code: 'RequestLimitExceeded', message: 'Request limit exceeded.', status: 503 },
  ssm: { code: 'ThrottlingException', message: 'Rate exceeded', status: 400 },
  sts: { code: 'Throttling', message: 'Rate exceeded', status: 400 },
};
