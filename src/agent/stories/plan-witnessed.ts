import { discover } from '../discovery/discover.ts';
import { type Planned, planSnapshot } from '../plan/plan-snapshot.ts';
import type { SnapshotRequest } from '../plan/snapshot-plan.ts';
import type { Ec2Reader, HostReader, Processes, ServerSession } from '../ports.ts';
import { refuseOtherServer } from '../window/refuse-other-server.ts';

export interface WitnessedPlanPorts {
  readonly host: HostReader;
  readonly session: ServerSession;
  readonly ec2: Ec2Reader;
  readonly processes: Pick<Processes, 'run'>;
}

/**
 * The plan of this host, with the witness that its files are those of the server that answers. A table that comes between
 * the server's list and the look at what it holds open is none of the plan: so where the witness finds another file the
 * plan is made once more, and what it finds again is refused.
 */
export async function planWitnessed(request: SnapshotRequest, ports: WitnessedPlanPorts): Promise<Planned> {
  const { host, session, ec2 } = ports;
  const plan = async () =>
    refuseOtherServer(planSnapshot(request, await discover(host, session, ec2, request.level)), session, ports);
  const planned = await plan();
  return planned.refusals.some(({ code }) => code === 'files-unresolved') ? plan() : planned;
}
