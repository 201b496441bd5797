import { ERRORS, type ErrorCode } from '../../../shared/errors.ts';
import type { RunId } from '../../../shared/ids.ts';
import { outcomeOf, type Result, SetLevel } from '../../../shared/result.ts';
import { TAG } from '../../../shared/tags.ts';
import type { Invocation } from '../../ports.ts';
import { isProven, type SetState, type SnapshotSet } from '../../sets/snapshot-set.ts';
import type { UnreachableHost } from '../reachable.ts';
import type { FleetRequest } from '../request.ts';
import { printedResult } from './parse-result.ts';

/** The run that is reported, and whether somebody cancelled it. */
export type ReportedRun = Pick<FleetRequest, 'operation' | 'run' | 'until'> & { readonly cancelled: boolean };

/** What is known of one host of a run. */
export interface HostEvidence {
  readonly invocation?: Invocation | undefined;
  /** Its set as EC2 has it. */
  readonly set?: SnapshotSet | undefined;
  /** Whether EC2 was asked for the sets of the run. */
  readonly setsSeen: boolean;
  /** Why it was not sent a command. */
  readonly reason?: UnreachableHost | undefined;
}

/** A host's result, and what has become of its set in EBS. */
export interface HostVerdict {
  readonly result: Result & { readonly instance: string };
  readonly state?: SetState;
}
type HostResult = HostVerdict['result'];

/** What a host says, held against what Systems Manager and EC2 say of it; what is known of one that said nothing. */
export function judgeHost(run: ReportedRun, instance: string, evidence: HostEvidence): HostVerdict {
  const { invocation, set, setsSeen, reason } = evidence;
  const printed = invocation && resultOf(run.run, invocation);
  if (printed !== undefined)
    return setsSeen && printed.outcome === 'done' ? withSet(printed, set) : { result: printed };
  if (invocation === undefined && set !== undefined) return ofItsSet(run.run, set);
  return { result: resultWithoutReport(run, instance, invocation, reason) };
}

/** A host's word that it is done, held against EC2's: where a member failed later the set is worth nothing. */
function withSet(result: HostResult, set: SnapshotSet | undefined): HostVerdict {
  if (set === undefined)
    return memberFailed(result, `EC2 does not show the set ${result.set ?? ''} that the host reported`);
  if (set.state === 'complete' || set.state === 'pending') return { result, state: set.state };
  return { ...memberFailed(result, SET_SAYS[set.state](set)), state: set.state };
}

/** The result of a host whose own words were not read: a fleet is too large for that. */
function ofItsSet(run: RunId, set: SnapshotSet): HostVerdict {
  const { state, grade, planned, instance } = set;
  const tags = set.members[0]?.tags ?? {};
  const level = SetLevel.options.find((each) => each === tags[TAG.level]);
  const result: HostResult = {
    ...{ v: 1, run, instance, outcome: 'done', grade, set: set.set, members: planned },
    ...(level && { level }),
    ...optional({ binlog: tags[TAG.binlog], gtid: tags[TAG.gtid], server: tags[TAG.server] }),
  };
  if (state !== 'complete' && state !== 'pending') return { ...memberFailed(result, SET_SAYS[state](set)), state };
  if (isProven(set)) return { result, state };
  const code = grade === 'broken' ? 'set-broken' : 'outcome-unknown';
  const message = `its set ${set.set} is ${grade}, and the host's own words are not known`;
  return { result: { ...result, outcome: outcomeOf(code), code, message, hint: ERRORS[code].hint }, state };
}

const SET_SAYS: Readonly<Record<Exclude<SetState, 'complete' | 'pending'>, (set: SnapshotSet) => string>> = {
  failed: ({ set, members }) =>
    `EBS failed ${members.find(({ state }) => state === 'error')?.volumeId} of ${set}, so all of it is worthless`,
  partial: ({ set, members, planned }) => `EC2 has ${members.length} of ${planned} members of ${set} whole`,
  contradictory: ({ set }) => `the members of ${set} do not tell the same of it`,
};

function memberFailed(result: HostResult, message: string): HostVerdict {
  const code = 'member-failed';
  return { result: { ...result, outcome: outcomeOf(code), code, message, hint: ERRORS[code].hint } };
}

function optional<T extends Record<string, string | undefined>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

/** The result that a host printed, held against what Systems Manager says of it; `undefined` where it printed none. */
function resultOf(run: RunId, { instanceId: instance, status, output }: Invocation): HostResult | undefined {
  const printed = printedResult(output);
  const isOfHost = printed?.instance === undefined || printed.instance === instance;
  const ofThisRun = printed !== undefined && ['', run].includes(printed.run) && isOfHost;
  if (!ofThisRun) return undefined;
  if (printed.outcome === 'done' && status !== 'Success') {
    const message = `the host reports done, but Systems Manager says ${status}`;
    return { ...printed, run, instance, outcome: 'failed', code: 'bug', message, hint: ERRORS.bug.hint };
  }
  return { ...printed, run, instance };
}

/**
 * What stands for a host that printed no result. Where a run may have begun nobody knows what became of it: a set may
 * exist, so the outcome is unknown. `plan` makes nothing; there a host is only missing.
 */
function resultWithoutReport(
  { run, operation, cancelled }: ReportedRun,
  instance: string,
  invocation: Invocation | undefined,
  reason: UnreachableHost | undefined,
): HostResult {
  const as = (code: ErrorCode, message: string, hint: string = ERRORS[code].hint): HostResult => {
    return { v: 1, run, instance, outcome: outcomeOf(code), code, message, hint };
  };
  const begun = invocation !== undefined && mayHaveBegun(invocation);
  if (reason !== undefined && !begun) return as(reason.code, reason.message, reason.hint);
  if (invocation === undefined) {
    const hint = cancelled ? 'The run was cancelled before.' : undefined;
    return as('host-missing', 'Systems Manager did not run the command there', hint);
  }
  const { status, exitStatus, output } = invocation;
  const said = firstLine(output);
  const exit = exitStatus === undefined ? '' : `, exit status ${exitStatus}`;
  const message = `the host gave no result (Systems Manager: ${status}${exit})${said === '' ? '' : `: ${said}`}`;
  if (!begun) return as('host-missing', message, HINTS[status]);
  if (operation === 'plan') return as('host-missing', message, 'A plan changes nothing; see the log of the host.');
  const hint = `A set may exist all the same: look for snapshots with the tag ${TAG.run}=${run}, and in the log of the host.`;
  return as('outcome-unknown', message, hint);
}

/** What a person does about a host that never began, by Systems Manager's word for it. */
const HINTS: Readonly<Record<string, string>> = {
  DeliveryTimedOut: 'The host did not pick the command up: check that SSM Agent runs there and reaches its endpoints.',
  Undeliverable: 'The host did not pick the command up: check that SSM Agent runs there and reaches its endpoints.',
  AccessDenied: 'Systems Manager may not run commands on this host for you: check ssm:SendCommand on the instance.',
  InvalidPlatform: 'The document runs on Linux only; take the host out of the targets.',
  Terminated: 'Too many other hosts failed first (--max-errors); mend them, then run again.',
  Cancelled: 'The command was cancelled before the host had it.',
};

/** Whether the script may have begun on a host; only an end that says otherwise says no. */
const mayHaveBegun = ({ ended, began, status }: Invocation): boolean =>
  began || !ended || !Object.hasOwn(HINTS, status);

const firstLine = (output: string): string => {
  const line =
    output
      .split('\n')
      .map((text) => text.trim())
      .find((text) => text !== '' && !/^-+ERROR-+$/.test(text)) ?? '';
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
};
