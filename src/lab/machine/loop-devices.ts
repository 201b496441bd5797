import { readdir, readFile } from 'node:fs/promises';
import { holdersOfDevice } from './mount-holders.ts';
import type { Shell } from './shell.ts';
import { untilItWorks } from './until-it-works.ts';

/** Attaches a file as a block device and returns its path, like `/dev/loop3`. */
export async function attachLoop(shell: Shell, file: string, mode: 'direct' | 'buffered' = 'direct'): Promise<string> {
  const directIo = `--direct-io=${mode === 'direct' ? 'on' : 'off'}`;
  return (await shell.run(['losetup', '--find', '--show', directIo, file])).trim();
}

/** The loop devices whose backing file lies below a folder, by their paths. */
export async function loopsBelow(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir('/sys/block')) {
    if (!name.startsWith('loop')) continue;
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '');
    if (file.startsWith(`${folder}/`)) found.push(`/dev/${name}`);
  }
  return found;
}

/** Detaches every loop device whose backing file lies below a folder. Throws RunError `lab-unswept` where one stays in use. */
export async function detachLoops(shell: Shell, folder: string): Promise<void> {
  for (const device of await loopsBelow(folder)) {
    const detach = () => shell.run(['losetup', '--detach', device]);
    await untilItWorks(`${device} is still in use`, detach, () => holdersOfDevice(device));
  }
  // The kernel detaches a device that was busy only when its last user is gone.
  let left: readonly string[] = [];
  const areGone = async () => {
    left = await loopsBelow(folder);
    if (left.length > 0) throw new Error(left.join(', '));
  };
  const holders = () => left.map(holdersOfDevice).join(', ');
  await untilItWorks(`loop devices of ${folder} do not go away`, areGone, holders);
}
