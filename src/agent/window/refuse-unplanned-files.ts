import { RunError } from '../../shared/errors.ts';
import { outcomeOf } from '../../shared/result.ts';
import { ENGINES_UNDERSTOOD } from '../discovery/engines.ts';
import type { ServerFile } from '../discovery/facts.ts';
import { MOUNTINFO, mountOf, parseMountinfo } from '../discovery/mountinfo.ts';
import { readSettled } from '../discovery/server-facts.ts';
import type { SnapshotPlan } from '../plan/snapshot-plan.ts';
import { DeadlinePassed, type HostReader, type ServerSession } from '../ports.ts';
import { PlanChanged } from './plan-changed.ts';
import { STATEMENT_DEADLINE_MS } from './proof.ts';
import { changedView, readMountsOf } from './server-view.ts';
import { withinDeadline } from './within-deadline.ts';

/** 27-46 ms for 10,000 tables (seen); a device that stalls must not keep the lock. With FTWRL alone commits wait meanwhile. */
const DEADLINE_MS = 10_000;

/**
 * Once DDL is held back the files of the server are settled: reads the list and walks the folders again. Returns the files.
 * Throws PlanChanged where one of them lies on a file system that the plan does not hold, where the redo log has been
 * disabled or an engine that is not understood enabled since, or where the server or the host no longer answers as it did; RunError `write-failed` where a device stalls.
 */
export async function refuseUnplannedFiles(
  session: ServerSession,
  host: HostReader,
  { facts: { server, storage }, lock, serverView }: SnapshotPlan,
): Promise<readonly ServerFile[]> {
  const deadlineMs = lock.kind === 'ftwrl' ? STATEMENT_DEADLINE_MS : DEADLINE_MS;
  return withinDeadline('the folders of the server', deadlineMs, async () => {
    const settled = await readSettled(session, host, server);
    if (server.redoLogEnabled && !settled.redoLogEnabled) throw new PlanChanged('the InnoDB redo log was disabled');
    const strange = settled.enginesEnabled.find(
      (engine) => !ENGINES_UNDERSTOOD.includes(engine) && !server.enginesUnused.includes(engine),
    );
    if (strange !== undefined) throw new PlanChanged(`the engine ${strange} was enabled`);
    const known = new Set(server.files.map(({ path }) => path));
    const mounts = parseMountinfo((await host.readText(MOUNTINFO)) ?? '');
    const itsMounts = serverView && (await readMountsOf(serverView.pid, host));
    const change = serverView && itsMounts && changedView(serverView, server, itsMounts);
    if (change !== undefined) throw new PlanChanged(change);
    const isPlanned = (path: string, table: typeof mounts) => {
      const device = mountOf(path, table)?.majorMinor;
      return storage.mounts.some(({ majorMinor }) => majorMinor === device);
    };
    for (const { path } of settled.files) {
      if (known.has(path)) continue;
      if (isPlanned(path, mounts) && (itsMounts === undefined || isPlanned(path, itsMounts))) continue;
      throw new PlanChanged(`${path} has come to the server, on a file system that is not in the plan`);
    }
    return settled.files;
  }).catch((error: unknown) => {
    // Nothing is untouched any more, so this is no refusal: a new plan meets it again, if it is one.
    if (error instanceof RunError && outcomeOf(error.code) === 'refused') throw new PlanChanged(error.message);
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new RunError('write-failed', error.message, {
      cause: error,
      hint: 'The file system is frozen by another program, or its device stalls: see dmesg.',
    });
  });
}
