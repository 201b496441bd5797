import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { mountNamespaces } from './kernel-mounts.ts';
import { plainShell } from './shell.ts';

export const DEFAULT_ROOT = '/var/lib/mysql-ebs-snapshot-lab';

/** Everything of one lab lies below its folder, whose random name marks its mounts, loop devices and processes. */
export interface LabFolder {
  readonly id: string;
  /** Free of symbolic links and dots: by this very text the kernel knows what is mounted in it. */
  readonly path: string;
}

/** The folder of all labs, by its real path. Only `openRoot` makes one. */
export type LabRoot = v.InferOutput<typeof LabRoot>;

/**
 * Its path is part of the names of sockets, which have room for 107 bytes, and no character of it has to be quoted,
 * neither for a shell nor in the kernel's list of mounts.
 */
const LabRoot = v.pipe(
  v.string(),
  v.maxLength(45),
  v.regex(/^(\/[\w.-]+)+$/),
  v.check((path) => !path.split('/').includes('..')),
  v.brand('LabRoot'),
);

/** Makes the folder of all labs where there is none. Throws RunError `usage` where it cannot be, or leads to no fit one. */
export async function openRoot(root: string): Promise<LabRoot> {
  const real = await mkdir(root, { recursive: true, mode: 0o755 })
    .then(() => realpath(root))
    .catch((error: Error) => {
      throw wrongRoot(root, error.message);
    });
  const { success, output } = v.safeParse(LabRoot, real);
  if (success) return output;
  throw wrongRoot(root, `it leads to ${real}`);
}

/** Throws RunError `usage` where a text can be no root, wherever it may lead. */
export function checkRoot(root: string): string {
  if (v.is(LabRoot, root)) return root;
  throw wrongRoot(root);
}

const wrongRoot = (root: string, reason?: string): RunError =>
  new RunError('usage', `'${root}' is not valid for --root${reason ? `: ${reason}` : ''}`, {
    hint: 'Give an absolute path of at most 45 letters, digits and _.-/',
  });

const LAB_ID = /^lab-[0-9a-f]{8}$/;
const MADE_FOLDERS = 'made-folders';

/** What outlives the labs, because it takes seconds to make. */
export const CACHE = '/var/cache/mysql-ebs-snapshot-lab';

/** Where a lab makes what is to be renamed into the cache. It goes with the lab. */
export const workshopOf = (labId: string): string => join(CACHE, `making-${labId}`);

/**
 * Makes a lab's folder, as a shared mount of itself: what is unmounted in it goes from the hosts' namespaces as well,
 * and from those of other labs, which would keep its devices busy. First it is made private: where `/` is shared, as
 * systemd has it, the folder's mount would be a peer of `/`, and every mount in it would be there twice.
 */
export async function makeLabFolder(root: LabRoot): Promise<LabFolder> {
  const id = `lab-${randomBytes(4).toString('hex')}`;
  const path = join(root, id);
  await mkdir(path, { mode: 0o755 });
  const shell = plainShell();
  await shell.run(['mount', '--bind', path, path]);
  for (const propagation of ['--make-private', '--make-shared']) await shell.run(['mount', propagation, path]);
  return { id, path };
}

/** The labs whose folders still stand: those of crashed runs, and of `--keep`. */
export async function findLabFolders(root: LabRoot): Promise<readonly LabFolder[]> {
  return (await readdir(root)).filter((name) => LAB_ID.test(name)).map((id) => ({ id, path: join(root, id) }));
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
  const namespaces = await mountNamespaces();
  const inUse = new Set(namespaces.flatMap(({ mounts }) => mounts.map(({ mountPoint }) => mountPoint)));
  for (const folder of text.split('\n').filter(Boolean).reverse()) {
    if (!inUse.has(folder)) await rmdir(folder).catch(() => undefined);
  }
}

function isMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
