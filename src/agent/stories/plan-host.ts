import { RunError } from '../../shared/errors.ts';
import { outcomeOf } from '../../shared/result.ts';
import { createSetRequest } from '../plan/create-set-request.ts';
import { fileSystemsOf } from '../plan/mounts.ts';
import { mayAskServer, type Planned } from '../plan/plan-snapshot.ts';
import type { SnapshotPlan, SnapshotRequest } from '../plan/snapshot-plan.ts';
import type { Clock, Ec2, HostReader, Processes, ServerSession, WriterLock } from '../ports.ts';
import { refuseLockHolders } from '../window/lock-holders.ts';
import { refuseOtherBackup } from '../window/other-backup.ts';
import { startSyncer } from '../window/syncer.ts';
import { planWitnessed } from './plan-witnessed.ts';
import { refuseUsedRunId } from './refuse-used-run-id.ts';

/** What a plan of the host that we are on needs from outside. */
export interface PlanPorts {
  readonly host: HostReader;
  readonly session: ServerSession;
  readonly ec2: Ec2;
  readonly processes: Pick<Processes, 'run' | 'start'>;
  readonly clock: Clock;
  /** Answers undefined where a run is under way, which reports a file system that takes no writes itself. */
  takeWriterLock(): Promise<WriterLock | undefined>;
}

/**
 * What a snapshot would do on this host, and all that speaks against it at once: what facts tell, and what a run only
 * meets on its way to the lock, long statements aside (they come and go). Changes nothing.
 */
export async function planHost(request: SnapshotRequest, ports: PlanPorts): Promise<Planned> {
  const { session, clock } = ports;
  const seen = await planWitnessed(request, ports);
  const planned = await withRefusal(seen, () => refuseStuckFileSystem(seen.plan, ports));
  const asked =
    // Who locks nothing is in nobody's way.
    mayAskServer(planned) && (planned.plan.level !== 'crash' || planned.plan.lock.ddl !== undefined)
      ? await withRefusal(planned, () =>
          refuseOtherBackup(session, planned.plan.lock, request.lockTimeoutSeconds, clock),
        )
      : planned;
  const free =
    mayAskServer(asked) && planned.plan.level === 'application'
      ? await withRefusal(asked, () => refuseLockHolders(session, planned.plan.lock, request.lockTimeoutSeconds, clock))
      : asked;
  const named = await withRefusal(free, () => refuseUsedRunId(free.plan, ports.ec2));
  return refuseMissingPermission(named, ports);
}

/** As a run meets it: before the server is asked what would wait for the file system. Nothing is written. */
async function refuseStuckFileSystem(plan: SnapshotPlan, ports: PlanPorts): Promise<void> {
  await using writerLock = await ports.takeWriterLock();
  if (writerLock === undefined) return;
  await using syncer = await startSyncer(ports.processes, fileSystemsOf(plan), writerLock);
  await syncer.probe();
}

/** As a run proves it: who we are, and the DryRun of the one request. */
async function refuseMissingPermission(planned: Planned, { ec2, clock }: PlanPorts): Promise<Planned> {
  let owner: string | undefined;
  const known = await withRefusal(planned, async () => {
    owner = await ec2.userId();
  });
  const proven = await withRefusal(known, () =>
    ec2.proveCreateSet(createSetRequest(planned.plan, {}, clock.now(), owner)),
  );
  // What is refused already may make a request that EC2 refuses for the very same reason.
  if (planned.refusals.length === 0) return proven;
  return { ...proven, refusals: proven.refusals.filter(({ code }) => code !== 'aws-unreachable') };
}

/** Adds what `ask` refuses to what speaks against the plan already. */
async function withRefusal(planned: Planned, ask: () => Promise<void>): Promise<Planned> {
  try {
    await ask();
    return planned;
  } catch (error) {
    if (!(error instanceof RunError) || outcomeOf(error.code) !== 'refused') throw error;
    const { code, message, hint } = error;
    return { ...planned, refusals: [...planned.refusals, { code, message, hint }] };
  }
}
