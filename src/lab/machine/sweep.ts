import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../../shared/errors.ts';
import { mountsBelow } from './kernel-mounts.ts';
import { findLabFolders, type LabFolder, type LabRoot, removeMachineFolders, workshopOf } from './lab-folder.ts';
import { processesOf, signalProcess } from './lab-processes.ts';
import { detachLoops } from './loop-devices.ts';
import { holdersOfMount } from './mount-holders.ts';
import { plainShell, type Shell } from './shell.ts';
import { untilItWorks } from './until-it-works.ts';

const PROCESSES_DEADLINE_MS = 20_000;
const POLL_MS = 50;

/** Sweeps every lab under a root. To be called by whoever holds the lab lock: then none of them is in use. */
export async function sweepAll(root: LabRoot): Promise<number> {
  const labs = await findLabFolders(root);
  for (const lab of labs) await sweep(lab);
  return labs.length;
}

/**
 * Takes away everything of a lab: the one way in which a lab ends, whether it went well, was cancelled, or had
 * crashed. The bytes are thrown away, so nothing has to be shut down in good order.
 * A frozen file system is thawed before anything else: a process that writes to it cannot be killed.
 */
export async function sweep(lab: LabFolder): Promise<void> {
  const shell = plainShell();
  await endProcesses(lab);
  await unmountAll(join(lab.path, 'hosts'), shell);
  await detachLoops(shell, join(lab.path, 'pool'));
  await unmountAll(join(lab.path, 'pool'), shell);
  // The pool's device holds its file open through the folder's own mount.
  await detachLoops(shell, lab.path);
  await unmountAll(lab.path, shell);
  await removeMachineFolders(lab);
  const [mounted] = await mountsBelow(lab.path);
  // Nothing may be deleted through a mount: not the bytes of a device, not the folder of a machine.
  if (mounted) throw new RunError('lab-unswept', `${mounted.mountPoint} has been mounted again`);
  await rm(workshopOf(lab.id), { recursive: true, force: true });
  await rm(lab.path, { recursive: true, force: true });
}

/** Ends everything that a lab has started, by SIGKILL. */
export async function endProcesses(lab: LabFolder): Promise<void> {
  const shell = plainShell();
  const giveUp = Date.now() + PROCESSES_DEADLINE_MS;
  for (;;) {
    const left = await processesOf(lab.id);
    // After the last look as well: what has ended by now may have frozen something before.
    await thawAll(lab.path, shell);
    if (left.length === 0) return;
    if (Date.now() > giveUp) {
      throw new RunError('lab-unswept', `processes of ${lab.path} do not end: ${left.join(', ')}`);
    }
    for (const pid of left) signalProcess(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

/** There is no telling whether a file system is frozen, so all are thawed; EINVAL says that it was not. */
async function thawAll(folder: string, shell: Shell): Promise<void> {
  const mounts = (await mountsBelow(folder)).filter(({ fsType }) => fsType === 'xfs');
  for (const { mountPoint } of mounts) await shell.run(['fsfreeze', '-u', mountPoint]).catch(() => undefined);
}

/** One unmount may take others away with it, so each step looks anew. */
async function unmountAll(folder: string, shell: Shell): Promise<void> {
  for (;;) {
    const [deepest] = await mountsBelow(folder);
    if (!deepest) return;
    const { mountPoint } = deepest;
    const unmount = () => shell.run(['umount', mountPoint]);
    await untilItWorks(`${mountPoint} is still in use`, unmount, () => holdersOfMount(mountPoint));
  }
}
