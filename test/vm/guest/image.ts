import { createHash, randomBytes } from 'node:crypto';
import { access, copyFile, mkdir, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CACHE, workshopOf } from '../../../src/lab/machine/lab-folder.ts';
import { plainShell, type Shell } from '../../../src/lab/machine/shell.ts';
import { RECIPE } from './recipe.ts';

/** What QEMU boots. Guests share it and never write to it. */
export interface GuestImage {
  readonly kernel: string;
  /** An ext4 file system without a partition table. */
  readonly disk: string;
}

/** The guest runs the very Node that runs the tests. */
const NODE = '/usr/local/bin/node';

/** The image of the recipe as it stands. It is made once (minutes) and appears under its name only when it is whole. */
export async function guestImage(): Promise<GuestImage> {
  const key = createHash('sha256')
    .update(JSON.stringify([RECIPE, process.version, process.arch]))
    .digest('hex');
  const ready = join(CACHE, `guest-${key.slice(0, 16)}`);
  const image = { kernel: join(ready, 'vmlinuz'), disk: join(ready, 'disk.img') };
  const exists = await access(ready).then(
    () => true,
    () => false,
  );
  if (exists) return image;
  const making = workshopOf(`guest-${randomBytes(4).toString('hex')}`);
  await mkdir(making, { recursive: true });
  try {
    await makeImage(plainShell(), making);
    // Two test runs may get here at once: the first rename wins, and both results are the same.
    await rename(making, ready).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return image;
}

async function makeImage(shell: Shell, folder: string): Promise<void> {
  const tree = join(folder, 'tree');
  const inTree = (...argv: string[]) => shell.run(['chroot', tree, ...argv]);

  await bootstrap(shell, tree);
  await copyFile(process.execPath, join(tree, NODE));
  await inTree(NODE, '--version');
  for (const [path, content] of Object.entries(RECIPE.files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  await inTree('systemctl', '--quiet', 'enable', ...RECIPE.enabled);
  await inTree('systemctl', '--quiet', 'disable', ...RECIPE.disabled);

  await copyFile(await kernelOf(tree), join(folder, 'vmlinuz'));
  const disk = join(folder, 'disk.img');
  await writeFile(disk, '');
  await truncate(disk, RECIPE.diskGiB * 2 ** 30);
  await shell.run(['mkfs.ext4', '-q', '-d', tree, disk]);
  await rm(tree, { recursive: true });
}

/**
 * In namespaces of its own: what it mounts in the tree and starts there ends with it, however it ends, so that the tree
 * can be removed. What others unmount meanwhile goes from it, too: no lab finds its devices busy.
 */
async function bootstrap(shell: Shell, tree: string): Promise<void> {
  const alone = ['unshare', '--mount', '--propagation', 'slave', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const include = `--include=${RECIPE.packages.join(',')}`;
  await shell.run([...alone, 'debootstrap', '--variant=minbase', include, RECIPE.suite, tree]);
  for (const downloads of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    await rm(join(tree, downloads), { recursive: true });
  }
}

async function kernelOf(tree: string): Promise<string> {
  const kernels = (await readdir(join(tree, 'boot'))).filter((name) => name.startsWith('vmlinuz-'));
  const [kernel, ...others] = kernels;
  if (kernel === undefined || others.length > 0) throw new Error(`not one kernel in the image: ${kernels.join(', ')}`);
  return join(tree, 'boot', kernel);
}
