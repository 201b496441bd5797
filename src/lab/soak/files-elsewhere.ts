import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mountsBelow } from '../machine/kernel-mounts.ts';

/**
 * Where the server has files besides its own folders, by what stands in them: InnoDB's links (`*.isl`), symbolic links,
 * and file systems that are mounted there and hold a file. Neither the server nor the agent is asked.
 */
export async function filesElsewhere(folders: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => [...(await linksBelow(folder)), ...(await coversBelow(folder))]),
  );
  return [...new Set(found.flat())];
}

async function linksBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const targets = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) return readlink(path).then((target) => [resolve(entry.parentPath, target)], isGone);
    if (entry.name.endsWith('.isl')) return readFile(path, 'utf8').then((target) => [target.trim()], isGone);
    return [];
  });
  return (await Promise.all(targets)).flat();
}

async function coversBelow(folder: string): Promise<readonly string[]> {
  const mountPoints = (await mountsBelow(folder)).map(({ mountPoint }) => mountPoint).filter((each) => each !== folder);
  const holds = await Promise.all(mountPoints.map(async (each) => (await readdir(each)).length > 0));
  return mountPoints.filter((_, index) => holds[index]);
}

/** A table that was dropped while we looked. */
function isGone(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}
