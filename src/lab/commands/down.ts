import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../../shared/errors.ts';
import { checkRoot, type LabRoot, openRoot } from '../machine/lab-folder.ts';
import { type Holder, type LabLock, takeLabLock, tryLabLock } from '../machine/lab-lock.ts';
import { signalProcess, startTimeOf } from '../machine/lab-processes.ts';
import { requireSweepable } from '../machine/requirements.ts';
import { sweepAll } from '../machine/sweep.ts';
import type { Context, ExitStatus } from './context.ts';

const BACKGROUND_LAB_DEADLINE_MS = 60_000;
const POLL_MS = 100;

export interface DownArguments {
  readonly json?: true;
  readonly root: string;
}

/** `down`: ends the lab that `up` left standing, and sweeps what crashed labs have left. */
export async function downCommand(given: DownArguments, context: Context): Promise<ExitStatus> {
  const asked = checkRoot(given.root);
  await requireSweepable();
  const root = await openRoot(asked);
  const first = await tryLabLock(root, 'down');
  await using _lock = 'heldBy' in first ? await endBackgroundLab(root, first.heldBy, context.cancel) : first;
  const swept = await sweepAll(root);
  const ended = 'heldBy' in first;
  context.say(ended || swept > 0 ? 'The lab has been taken away.' : 'There was no lab.');
  if (given.json) context.print(`${JSON.stringify({ v: 1, outcome: 'done', ended, swept })}\n`);
  return 0;
}

/** Ends the background lab, waits until it has removed the lab, and takes its lock. A rehearsal is not ended. */
async function endBackgroundLab(root: LabRoot, holder: Holder | undefined, cancel: AbortSignal): Promise<LabLock> {
  if (holder?.verb !== 'up' || (await startTimeOf(holder.pid)) !== holder.startTime) return takeLabLock(root, 'down');
  signalProcess(holder.pid, 'SIGTERM');
  const giveUp = Date.now() + BACKGROUND_LAB_DEADLINE_MS;
  while (Date.now() < giveUp) {
    const lock = await tryLabLock(root, 'down');
    if (!('heldBy' in lock)) return lock;
    await sleep(POLL_MS, undefined, { signal: cancel });
  }
  throw new RunError('lab-unswept', `the process that keeps the lab (pid ${holder.pid}) does not end`);
}
