import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A real XFS on a loop device. Its disposal thaws it first: an unmount of a frozen file system never returns. */
export interface XfsVolume {
  readonly mountPoint: string;
  readonly device: string;
}

const quietly = (program: string, ...rest: string[]): boolean => {
  try {
    execFileSync(program, rest, { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
};

/** Makes one XFS of 1 GiB for each name, mounted side by side in a new folder. */
export function mountXfs(...names: string[]): { readonly folder: string; readonly volumes: XfsVolume[] } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'mysql-ebs-snapshot-test-'));
  const volumes: XfsVolume[] = [];
  const dispose = () => {
    for (const volume of volumes) unmount(volume);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const name of names) volumes.push(makeXfs(folder, name, GIB));
  } catch (error) {
    dispose();
    throw error;
  }
  return { folder, volumes, [Symbol.dispose]: dispose };
}

/** XFS volumes whose devices are files on a further XFS, below them all: while that one is frozen, they are stalled. */
export interface StallableXfs extends Disposable {
  readonly folder: string;
  readonly volumes: readonly XfsVolume[];
  stall(): void;
  unstall(): void;
}

export function mountStallableXfs(...names: string[]): StallableXfs {
  const folder = mkdtempSync(join(tmpdir(), 'mysql-ebs-snapshot-test-'));
  const mounted: XfsVolume[] = [];
  const unstall = () => thawAnyway(join(folder, 'below'));
  const dispose = () => {
    unstall();
    for (const volume of mounted.reverse()) unmount(volume);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const below = makeXfs(folder, 'below', (names.length + 1) * GIB);
    mounted.push(below);
    for (const name of names) mounted.push(makeXfs(below.mountPoint, name, GIB));
    return {
      folder,
      volumes: mounted.slice(1),
      stall: () => void execFileSync('fsfreeze', ['--freeze', below.mountPoint]),
      unstall,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** An XFS whose device is a file on another one: freezing that one stalls the device. */
export function mountXfsOn(outer: string): XfsVolume & Disposable {
  const volume = makeXfs(outer, 'inner', 400 * MIB);
  return { ...volume, [Symbol.dispose]: () => unmount(volume, outer) };
}

function makeXfs(folder: string, name: string, bytes: number): XfsVolume {
  const image = join(folder, `${name}.img`);
  writeFileSync(image, '');
  truncateSync(image, bytes);
  execFileSync('mkfs.xfs', ['-q', image]);
  const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
  const mountPoint = join(folder, name);
  mkdirSync(mountPoint);
  execFileSync('mount', [device, mountPoint]);
  return { mountPoint, device };
}

function unmount({ mountPoint, device }: XfsVolume, ...below: string[]): void {
  // A process that was killed, or a loop device above, may still be on its way out.
  for (let tries = 0; tries < UNMOUNT_TRIES && isMounted(mountPoint); tries++) {
    for (const frozen of [...below, mountPoint]) thawAnyway(frozen);
    if (!quietly('umount', mountPoint)) quietly('sleep', '0.1');
  }
  quietly('losetup', '--detach', device);
}

const UNMOUNT_TRIES = 100;

const isMounted = (mountPoint: string): boolean => quietly('mountpoint', '--quiet', mountPoint);

/** Whether a file system is frozen: only freezing it can tell. Leaves it as it was. */
export function isFrozen(mountPoint: string): boolean {
  if (!quietly('fsfreeze', '--freeze', mountPoint)) return true;
  execFileSync('fsfreeze', ['--unfreeze', mountPoint]);
  return false;
}

/** Thaws a file system, if it is frozen. */
export const thawAnyway = (mountPoint: string): void => void quietly('fsfreeze', '--unfreeze', mountPoint);
