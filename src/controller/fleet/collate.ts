import { ERRORS, type ErrorCode } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import { decodeResult, type Outcome, outcomeOf, type Result } from '../../shared/result.ts';
import { TAG } from '../../shared/tags.ts';
import type { Invocation } from '../ports.ts';
import type { Fleet } from './reachable.ts';
import type { FleetRequest } from './request.ts';

/** What one targeted host has to say, or what is known of one that said nothing. */
export interface HostReport {
  readonly instance: string;
  readonly name: string;
  readonly result: Result & { readonly instance: string };
}

/** What a run over the fleet came to. `ending` is the code of the whole; its exit status is the program's. */
export interface FleetReport {
  readonly run: RunId;
  readonly ending: Ending;
  readonly outcome: Outcome;
  readonly hosts: readonly HostReport[];
}
type Ending =
  | 'done'
  | Extract<ErrorCode, 'host-refused' | 'host-missing' | 'host-failed' | 'host-unsafe' | 'cancelled'>;

/** The run that is reported, and whether somebody cancelled it. */
export type Collated = Pick<FleetRequest, 'operation' | 'run'> & { readonly cancelled: boolean };

/**
 * Every targeted host with its result, in the order of the inventory; nobody who was targeted is left out, and who
 * answered without having been in the inventory (started meanwhile) comes last.
 */
export function collate(run: Collated, fleet: Fleet, invocations: readonly Invocation[]): FleetReport {
  const byInstance = new Map(invocations.map((invocation) => [invocation.instanceId, invocation]));
  const unreachable = new Map(fleet.unreachable.map((entry) => [entry.host.instanceId as string, entry]));
  const names = new Map(fleet.targeted.map(({ instanceId, name }) => [instanceId as string, name]));

  const hosts = [...new Set([...names.keys(), ...byInstance.keys()])].map((instance): HostReport => {
    const invocation = byInstance.get(instance);
    const printed = invocation && resultOf(run.run, invocation);
    const result = printed ?? silent(run, instance, invocation, unreachable.get(instance));
    return { instance, name: names.get(instance) ?? '-', result };
  });
  const ending = endingOf(hosts, run.cancelled);
  return { run: run.run, ending, outcome: ending === 'done' ? 'done' : outcomeOf(ending), hosts };
}

/** The result that a host printed, held against what Systems Manager says of it; `undefined` where it printed none. */
function resultOf(run: RunId, { instanceId: instance, status, output }: Invocation): HostReport['result'] | undefined {
  const printed = printedResult(output);
  const ofThisRun =
    printed !== undefined && ['', run].includes(printed.run) && [undefined, instance].includes(printed.instance);
  if (!ofThisRun) return undefined;
  if (printed.outcome === 'done' && status !== 'Success') {
    const message = `the host reports done, but Systems Manager says ${status}`;
    return { ...printed, run, instance, outcome: 'failed', code: 'bug', message, hint: ERRORS.bug.hint };
  }
  return { ...printed, run, instance };
}

/** The first line that is a result. Systems Manager puts stderr behind stdout, so the host's own line comes first. */
function printedResult(output: string): Result | undefined {
  for (const line of output.split('\n')) {
    const result = decodeResult(line.trim());
    if (result !== undefined) return result;
  }
  return undefined;
}

/**
 * What stands for a host that printed no result. Where a run may have begun nobody knows what became of it: a set may
 * exist, so the outcome is unknown. `plan` makes nothing; there a host is only missing.
 */
function silent(
  { run, operation, cancelled }: Collated,
  instance: string,
  invocation: Invocation | undefined,
  reason: Fleet['unreachable'][number] | undefined,
): HostReport['result'] {
  const as = (code: ErrorCode, message: string, hint: string = ERRORS[code].hint): HostReport['result'] => {
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

/** The gravest first: whoever reads one word has to learn that a person is needed before that the run was cancelled. */
function endingOf(hosts: readonly HostReport[], cancelled: boolean): Ending {
  const notDone = hosts.map(({ result }) => result).filter(({ outcome }) => outcome !== 'done');
  if (notDone.length === 0) return 'done';
  if (notDone.some(({ outcome }) => outcome === 'unsafe')) return 'host-unsafe';
  if (cancelled) return 'cancelled';
  if (notDone.every(({ outcome }) => outcome === 'refused')) return 'host-refused';
  return notDone.every(({ code }) => code === 'host-missing') ? 'host-missing' : 'host-failed';
}
