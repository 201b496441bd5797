import { ERRORS } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import { decodeResult, type Outcome, outcomeOf, type Result } from '../../shared/result.ts';
import { TAG } from '../../shared/tags.ts';
import type { Invocation } from '../ports.ts';
import type { Fleet } from './reachable.ts';

/** What one targeted host has to say, or what is known of one that said nothing. */
export interface HostReport {
  readonly instance: string;
  readonly name: string;
  readonly result: Result & { readonly instance: string };
}

/** What a run over the fleet came to. `ending` is the code of the whole; its exit status is the program's. */
export interface FleetReport {
  readonly run: RunId;
  readonly ending: 'done' | 'host-failed' | 'host-missing' | 'cancelled';
  readonly outcome: Outcome;
  readonly hosts: readonly HostReport[];
}

/**
 * Every targeted host with its result, in the order of the inventory; nobody who was targeted is left out, and who
 * answered without having been in the inventory (started meanwhile) comes last.
 */
export function collate(run: RunId, fleet: Fleet, invocations: readonly Invocation[], cancelled: boolean): FleetReport {
  const byInstance = new Map(invocations.map((invocation) => [invocation.instanceId, invocation]));
  const unreachable = new Map(fleet.unreachable.map((entry) => [entry.host.instanceId as string, entry]));
  const names = new Map(fleet.targeted.map(({ instanceId, name }) => [instanceId as string, name]));

  const hosts = [...new Set([...names.keys(), ...byInstance.keys()])].map((instance): HostReport => {
    const invocation = byInstance.get(instance);
    const reason = unreachable.get(instance);
    const silent = (message: string, hint: string = ERRORS['host-missing'].hint) =>
      missing(run, instance, message, hint);
    const result =
      invocation !== undefined
        ? resultOf(run, invocation)
        : reason !== undefined
          ? silent(reason.message, reason.hint)
          : silent(
              'Systems Manager did not run the command there',
              cancelled ? 'The run was cancelled before.' : undefined,
            );
    return { instance, name: names.get(instance) ?? '-', result };
  });
  return { run, ending: endingOf(hosts, cancelled), outcome: outcomeOfAll(hosts, cancelled), hosts };
}

/** The result that a host printed, held against what Systems Manager says of it. */
function resultOf(run: RunId, invocation: Invocation): HostReport['result'] {
  const { instanceId: instance, status } = invocation;
  const printed = printedResult(invocation.output);
  const ofThisRun =
    printed !== undefined && ['', run].includes(printed.run) && [undefined, instance].includes(printed.instance);
  if (!ofThisRun) {
    const said = firstLine(invocation.output);
    const exit = invocation.exitStatus === undefined ? '' : `, exit status ${invocation.exitStatus}`;
    return missing(
      run,
      instance,
      `the host gave no result (Systems Manager: ${status}${exit})${said === '' ? '' : `: ${said}`}`,
      hintForStatus(status, run),
    );
  }
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

const firstLine = (output: string): string => {
  const line =
    output
      .split('\n')
      .map((text) => text.trim())
      .find((text) => text !== '' && !/^-+ERROR-+$/.test(text)) ?? '';
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
};

function missing(run: RunId, instance: string, message: string, hint: string): HostReport['result'] {
  return { v: 1, run, instance, outcome: outcomeOf('host-missing'), code: 'host-missing', message, hint };
}

/** What a person does about a host that ran, or should have run, and is silent. */
function hintForStatus(status: string, run: RunId): string {
  switch (status) {
    case 'DeliveryTimedOut':
    case 'Undeliverable':
      return 'The host did not pick the command up: check that SSM Agent runs there and reaches its endpoints.';
    case 'AccessDenied':
      return 'Systems Manager may not run commands on this host for you: check ssm:SendCommand on the instance.';
    case 'InvalidPlatform':
      return 'The document runs on Linux only; take the host out of the targets.';
    case 'Terminated':
      return 'Too many other hosts failed first (--max-errors); mend them, then run again.';
    default:
      return `A set may exist all the same: look for snapshots with the tag ${TAG.run}=${run}, and in the log of the host.`;
  }
}

function endingOf(hosts: readonly HostReport[], cancelled: boolean): FleetReport['ending'] {
  if (cancelled) return 'cancelled';
  if (hosts.every(({ result }) => result.outcome === 'done')) return 'done';
  const answeredBadly = hosts.some(({ result }) => result.outcome !== 'done' && result.code !== 'host-missing');
  return answeredBadly ? 'host-failed' : 'host-missing';
}

/** The gravest of the hosts' outcomes; `refused` only where every host that is not done refused, untouched. */
function outcomeOfAll(hosts: readonly HostReport[], cancelled: boolean): Outcome {
  const outcomes = new Set(hosts.map(({ result }) => result.outcome));
  if (outcomes.has('unsafe')) return 'unsafe';
  if (cancelled || outcomes.has('failed')) return 'failed';
  return outcomes.has('refused') ? 'refused' : 'done';
}
