import { messageOf, RunError } from '../../shared/errors.ts';
import { untilCancelled } from '../cancellation.ts';
import { approve, describeServer } from '../plan/plan-snapshot.ts';
import type { SnapshotPlan, SnapshotRequest } from '../plan/snapshot-plan.ts';
import type { ServerSession } from '../ports.ts';
import { startAppliers } from '../window/appliers.ts';
import { thawLeftovers } from '../window/leftovers.ts';
import { PlanChanged } from '../window/plan-changed.ts';
import { isServer } from '../window/recorded-server.ts';
import { takeApplicationSet } from './application-set.ts';
import type { Attempt, SnapshotPorts } from './attempt.ts';
import { takeCrashSet } from './crash-set.ts';
import { planWitnessed } from './plan-witnessed.ts';
import { refuseUsedRunId } from './refuse-used-run-id.ts';

/** The run. Ends well, or throws the RunError that says how it ended; what happened is told by events. */
export async function snapshot(request: SnapshotRequest, ports: SnapshotPorts): Promise<void> {
  // 1. One run at a time, on a host that no earlier run has left frozen.
  await using _alone = await ports.takeRunLock();
  await undoEarlierRuns(ports);
  await using writerLock = await ports.takeWriterLock();

  // 2. The server, its files and their volumes; 3. the plan, or every reason to refuse.
  await using session = await untilCancelled(ports.signal, () => ports.connect());
  await startLeftAppliers(session, ports);

  const planned = await untilCancelled(ports.signal, () => makePlan(request, session, ports));
  try {
    await takeSet({ request, ...planned, session, writerLock, ports });
  } catch (error) {
    if (!(error instanceof PlanChanged)) throw error;
    ports.emit({ type: 'warned', code: 'planned-anew', message: `${error.message}: planned anew` });
    const anew = await untilCancelled(ports.signal, () => makePlan(request, session, ports));
    await takeSet({ request, ...anew, session, writerLock, ports });
  }
}

/** 4. to 10.: the set, with the read lock or without. Throws PlanChanged where the plan no longer holds. */
const takeSet = (attempt: Attempt): Promise<void> =>
  attempt.plan.level === 'crash' ? takeCrashSet(attempt) : takeApplicationSet(attempt);

/** A server on a frozen file system answers nobody, so what a run that died has left frozen comes first. */
async function undoEarlierRuns({ processes, freezeRecords, emit }: SnapshotPorts): Promise<void> {
  for (const mount of await thawLeftovers(processes, freezeRecords)) {
    emit({ type: 'warned', code: 'left-frozen', message: `an earlier run had left ${mount} frozen; it is thawed` });
  }
}

/** What an earlier run stopped, and neither it nor its watchdog lived to start again. */
async function startLeftAppliers(
  session: ServerSession,
  { connect, applierRecords, emit }: SnapshotPorts,
): Promise<void> {
  for (const record of applierRecords.list()) {
    // Those of another server of this host are left to that server's next run.
    if (!(await isServer(session, record.server))) continue;
    try {
      await using own = await connect();
      await startAppliers(own, record.plan);
    } catch (error) {
      const start = record.plan.start.join('; ');
      throw new RunError('applier-stopped', `left by an earlier run: ${start}: ${messageOf(error)}`, {
        hint: `Say that to the server; where the channel is no more, remove ${record.file}.`,
        cause: error,
      });
    }
    applierRecords.remove(record);
    emit({ type: 'warned', code: 'left-stopped', message: 'an earlier run had left appliers stopped; they run again' });
  }
}

async function makePlan(
  request: SnapshotRequest,
  session: ServerSession,
  ports: SnapshotPorts,
): Promise<{ plan: SnapshotPlan; owner: string }> {
  const planned = await planWitnessed(request, { ...ports, session });
  const { instance, server } = planned.plan.facts;
  ports.emit({ type: 'instance-known', instance: instance.instanceId, region: instance.region });
  const { serverId: id, datadir } = server;
  ports.emit({ type: 'server-known', server: describeServer(server), address: session.address, id, datadir });

  const plan = approve(planned);
  await refuseUsedRunId(plan, ports.ec2);
  for (const warning of plan.warnings) ports.emit({ type: 'warned', ...warning });
  const { set, level, members: volumes, freeze: freezes, syncOnly: syncs, exclude } = plan;
  const [because] = plan.notCrashBecause;
  ports.emit({
    type: 'planned',
    set,
    level,
    ...(because !== undefined && { notCrashBecause: because }),
    volumes,
    freezes,
    syncs,
    excludes: exclude.dataVolumes.length,
  });
  return { plan, owner: await ports.ec2.userId() };
}
