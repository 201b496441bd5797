import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mountPointsOfAllNamespaces } from './kernel-mounts.ts';
import { plainShell } from './shell.ts';

export const DEFAULT_ROOT = '/var/lib/mysql-ebs-snapshot-lab';

/** Everything of one lab lies below its folder, whose random name marks its mounts, loop devices and processes. */
export interface LabFolder {
  readonly id: string;
  readonly path: string;
}

const LAB_ID = /^lab-[0-9a-f]{8}$/;
const MADE_FOLDERS = 'made-folders';

/**
 * Makes a lab's folder, as a shared mount of itself: what is unmounted in it goes from the hosts' namespaces as well,
 * and from those of other labs, which would keep its devices busy. First it is made private: where `/` is shared, as
 * systemd has it, the folder's mount would be a peer of `/`, and every mount in it would be there twice.
 */
export async function makeLabFolder(root: string): Promise<LabFolder> {
  const id = `lab-${randomBytes(4).toString('hex')}`;
  const path = join(root, id);
  await mkdir(path, { mode: 0o755 });
  const shell = plainShell();
  await shell.run(['mount', '--bind', path, path]);
  for (const propagation of ['--make-private', '--make-shared']) await shell.run(['mount', propagation, path]);
  return { id, path };
}

/** The labs whose folders still stand: those of crashed runs, and of `--keep`. */
export async function findLabFolders(root: string): Promise<readonly LabFolder[]> {
  const names = await readdir(root).catch(() => []);
  return names.filter((name) => LAB_ID.test(name)).map((id) => ({ id, path: join(root, id) }));
}

/** Makes a folder of the machine (a mount point) where there is none, and notes it so that the sweep takes it away again. */
export async function makeMachineFolder(lab: LabFolder, path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; (await readdir(folder).catch(isMissing)) === undefined; folder = dirname(folder)) {
    missing.unshift(folder);
  }
  for (const folder of missing) {
    await appendFile(join(lab.path, MADE_FOLDERS), `${folder}\n`);
    await mkdir(folder);
  }
}

/**
 * Removes the folders of the machine that this lab made, where they are empty. One on which a host of another lab has
 * mounted its own stays: its removal would take that mount away.
 */
export async function removeMachineFolders(lab: LabFolder): Promise<void> {
  const text = await readFile(join(lab.path, MADE_FOLDERS), 'utf8').catch(() => '');
  const inUse = await mountPointsOfAllNamespaces();
  for (const folder of text.split('\n').filter(Boolean).reverse()) {
    if (!inUse.has(folder)) await rmdir(folder).catch(() => undefined);
  }
}

function isMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
