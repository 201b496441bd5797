import type { ErrorCode } from '../../../shared/errors.ts';
import type { RunId } from '../../../shared/ids.ts';
import { type Outcome, outcomeOf } from '../../../shared/result.ts';
import type { Invocation } from '../../ports.ts';
import type { SnapshotSet } from '../../sets/snapshot-set.ts';
import type { Fleet } from '../reachable.ts';
import { type HostVerdict, judgeHost, type ReportedRun } from './judge-host.ts';

/** What one targeted host has to say, or what is known of one that said nothing. */
export interface HostReport extends HostVerdict {
  readonly instance: string;
  readonly name: string;
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

/** What was seen of a run. */
export interface Evidence {
  /** At most one a host counts: the last. Of a large fleet those of the hosts that succeeded are absent. */
  readonly invocations: readonly Invocation[];
  /** The run's sets by instance; absent where nobody looked (a plan makes none). */
  readonly sets?: ReadonlyMap<string, SnapshotSet> | undefined;
}

/**
 * Every targeted host with its result, in the order of the inventory; nobody who was targeted is left out, and who
 * answered without having been in the inventory (started meanwhile) comes last.
 */
export function collate(run: ReportedRun, fleet: Fleet, { invocations, sets }: Evidence): FleetReport {
  const byInstance = new Map<string, Invocation>(invocations.map((each) => [each.instanceId, each]));
  const unreachable = new Map(fleet.unreachable.map((entry) => [entry.host.instanceId as string, entry]));
  const names = new Map(fleet.targeted.map(({ instanceId, name }) => [instanceId as string, name]));

  const everybody = new Set([...names.keys(), ...byInstance.keys(), ...(sets?.keys() ?? [])]);
  const hosts = [...everybody].map((instance): HostReport => {
    const evidence = {
      invocation: byInstance.get(instance),
      set: sets?.get(instance),
      setsSeen: sets !== undefined,
      reason: unreachable.get(instance),
    };
    return { instance, name: names.get(instance) ?? '-', ...judgeHost(run, instance, evidence) };
  });
  const ending = endingOf(hosts, run);
  return { run: run.run, ending, outcome: ending === 'done' ? 'done' : outcomeOf(ending), hosts };
}

/** The gravest first: whoever reads one word has to learn that a person is needed before that the run was cancelled. */
function endingOf(hosts: readonly HostReport[], { cancelled, until }: ReportedRun): Ending {
  const notDone = hosts.map(({ result }) => result).filter(({ outcome }) => outcome !== 'done');
  // Somebody waited for EBS, and was not waited for.
  const isCutShort = cancelled && until === 'completed' && hosts.some(({ state }) => state === 'pending');
  if (notDone.length === 0) return isCutShort ? 'cancelled' : 'done';
  if (notDone.some(({ outcome }) => outcome === 'unsafe')) return 'host-unsafe';
  if (cancelled) return 'cancelled';
  if (notDone.every(({ outcome }) => outcome === 'refused')) return 'host-refused';
  return notDone.every(({ code }) => code === 'host-missing') ? 'host-missing' : 'host-failed';
}
