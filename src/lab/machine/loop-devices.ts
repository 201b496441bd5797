import { readdir, readFile } from 'node:fs/promises';
import type { Shell } from './shell.ts';

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
