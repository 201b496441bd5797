import { RunError } from '../../shared/errors.ts';
import { SYNC_UNDER_LOCK_MS } from '../plan/idle-limit.ts';
import type { FileSystem, LineProcess, Processes, WriterLock } from '../ports.ts';
import { stuckFileSystem } from './file-system-stuck.ts';
import { nextWord } from './next-word.ts';
import { PlanChanged } from './plan-changed.ts';
import { shellProgram } from './shell.ts';
import program from './sync.sh';

const START_DEADLINE_MS = 5_000;
/** A file system that has a name removed no sooner would not be frozen in time either. */
const PROBE_DEADLINE_MS = 5_000;
/** Ahead of the lock no commit waits: a slow device may take its time. */
const AHEAD_DEADLINE_MS = 120_000;

/** The process that syncs the file systems of a set by descriptor; its disposal lets it go. */
export interface Syncer extends AsyncDisposable {
  /** Throws RunError `file-system-stuck` where one takes no writes: it is frozen, or its device stalls. Changes nothing. */
  probe(): Promise<void>;
  /**
   * Flushes all of them without a lock: what has been written so far is on the volumes. Throws RunError `write-failed`, or
   * `file-system-stuck` where that does not end.
   */
  syncAhead(): Promise<void>;
  /** Flushes those on these mount points; a freeze flushes by itself. Throws RunError `write-failed`. */
  syncUnderLock(mountPoints: readonly string[]): Promise<void>;
}

/**
 * Starts the syncer, which opens every mount and compares its device with the plan. Throws PlanChanged where another file
 * system than planned is mounted, else RunError `host-unfit`.
 */
export async function startSyncer(
  processes: Pick<Processes, 'start'>,
  fileSystems: readonly FileSystem[],
  writerLock: WriterLock,
): Promise<Syncer> {
  const mounts = fileSystems.map(({ mountPoint }) => mountPoint);
  const child = processes.start(shellProgram(program, 'sync', ...mounts), {
    name: 'syncer',
    inherit: writerLock.descriptor,
  });
  try {
    for (const planned of fileSystems) refuseOther(planned, await opened(child));
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  const sync = (mountPoints: readonly string[], deadlineMs: number): Promise<string | undefined> => {
    child.send(`sync ${mountPoints.map((mountPoint) => mounts.indexOf(mountPoint)).join(' ')}`);
    return nextWord(child, deadlineMs);
  };
  return {
    async probe() {
      // One after the other: no more than one process is stuck.
      for (const [number, mount] of mounts.entries()) {
        child.send(`probe ${number}`);
        const said = await nextWord(child, PROBE_DEADLINE_MS);
        if (said === undefined) throw stuckFileSystem(mount, `a write to ${mount} was not done`, PROBE_DEADLINE_MS);
        if (said !== 'probed') throw new RunError('host-unfit', `the syncer ended at ${mount}: ${child.complaints}`);
      }
    },
    async syncAhead() {
      const said = await sync(mounts, AHEAD_DEADLINE_MS);
      const name = mounts.join(', ');
      if (said === undefined) throw stuckFileSystem(mounts[0] ?? '', `sync of ${name}: not done`, AHEAD_DEADLINE_MS);
      if (said !== 'synced') throw notSynced(name, said);
    },
    async syncUnderLock(mountPoints) {
      if (mountPoints.length === 0) return;
      const said = await sync(mountPoints, SYNC_UNDER_LOCK_MS);
      if (said !== 'synced')
        throw notSynced(mountPoints.join(', '), said ?? `not done within ${SYNC_UNDER_LOCK_MS} ms`);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function opened(child: LineProcess): Promise<string> {
  const said = await nextWord(child, START_DEADLINE_MS);
  if (said !== undefined && said !== 'ended') return said;
  throw new RunError('host-unfit', `the syncer did not start: ${child.complaints || 'it said nothing'}`);
}

/** What is mounted there now may be the parent of what was. */
function refuseOther({ mountPoint, device }: FileSystem, said: string): void {
  const [word, found] = said.split(' ');
  if (word !== 'opened') throw new PlanChanged(`${mountPoint} cannot be opened`);
  if (found === device) return;
  throw new PlanChanged(
    `${mountPoint}: the file system of device ${found} is mounted there now; planned was device ${device}`,
  );
}

const notSynced = (name: string, said: string): RunError =>
  new RunError('write-failed', `sync of ${name}: ${said.replace(/^failed /, '')}`);
