import type { FleetInstance } from '../ports.ts';
import type { Evidence } from './judge/collate.ts';
import { judgeHost, type ReportedRun } from './judge/judge-host.ts';
import type { Fleet } from './reachable.ts';

/** What a run that is gone on with still has to do. */
export interface RemainingHosts {
  readonly hosts: readonly FleetInstance[];
  /** Those of which nobody knows whether they are at work still, or hurt. */
  readonly blocked: readonly FleetInstance[];
}

/**
 * Who of those within reach is to be done, after what the run has done already. Nobody twice: who is done, has any
 * snapshot of the run (a second set would bear the same name), or needs a person first, is left as it is. Who refused
 * or failed, and undid everything, is tried again.
 */
export function remainingHosts(
  run: ReportedRun,
  { targeted, reachable }: Fleet,
  { invocations, sets }: Evidence,
): RemainingHosts {
  const byInstance = new Map(invocations.map((invocation) => [invocation.instanceId, invocation]));
  const withinReach = new Set(reachable);
  const hosts: FleetInstance[] = [];
  const blocked: FleetInstance[] = [];
  for (const host of targeted) {
    const { instanceId } = host;
    const set = sets?.get(instanceId);
    // A host's word that it is done is believed here: EC2 may not show its set yet.
    const evidence = { invocation: byInstance.get(instanceId), set, setsSeen: false };
    const { outcome } = judgeHost(run, instanceId, evidence).result;
    if (outcome === 'unsafe') blocked.push(host);
    else if (outcome !== 'done' && set === undefined && withinReach.has(instanceId)) hosts.push(host);
  }
  return { hosts, blocked };
}
