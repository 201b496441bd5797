import type { Result } from '../../shared/result.ts';
import { usedMountOf } from '../plan/mounts.ts';
import { describeServer, type Planned, refusalError } from '../plan/plan-snapshot.ts';

/** A plan as the result of a run that stopped there: `done` where a snapshot would be taken, else the refusal. */
export function planResult({ plan, refusals }: Planned): Result {
  const error = refusalError(refusals);
  return {
    v: 1,
    run: plan.run,
    instance: plan.instanceId,
    outcome: error === undefined ? 'done' : 'refused',
    ...(error && { code: error.code, message: error.message, hint: error.hint }),
    level: plan.level,
    set: plan.set,
    members: plan.members.length,
    server: describeServer(plan.facts.server),
    ...(plan.warnings.length > 0 && { warnings: [...new Set(plan.warnings.map(({ code }) => code))] }),
  };
}

/** A plan whole, for programs. */
export function planDetails({ plan, refusals }: Planned): unknown {
  const { server, storage } = plan.facts;
  return {
    datadir: server.datadir,
    files: server.files.map(({ role, path }) => ({ role, path, mountPoint: usedMountOf(plan, path)?.mountPoint })),
    fileSystems: storage.mounts.map(({ mountPoint, fsType, source, uuid, volumes }) => ({
      mountPoint,
      type: fsType,
      source,
      uuid,
      frozen: plan.freeze.includes(mountPoint),
      volumes,
    })),
    members: storage.members.map(({ volume, roles, layers }) => ({
      volume: volume.volumeId,
      sizeGiB: volume.sizeGiB,
      device: volume.device,
      roles,
      layers,
    })),
    arrays: storage.arrays,
    exclude: plan.exclude,
    lock: plan.level === 'crash' ? (plan.lock.ddl?.take ?? []) : [...plan.lock.prepare, plan.lock.blockCommits],
    notCrashBecause: plan.notCrashBecause,
    warnings: plan.warnings,
    refusals,
  };
}
