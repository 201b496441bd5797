import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdersOfMount } from '../../src/lab/machine/mount-holders.ts';

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
  const folder = makeSharedFolder();
  const volumes: XfsVolume[] = [];
  const dispose = () => {
    unmountAll(volumes);
    removeSharedFolder(folder);
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
  readonly below: XfsVolume;
  readonly volumes: readonly XfsVolume[];
  stall(): void;
  unstall(): void;
}

export function mountStallableXfs(...names: string[]): StallableXfs {
  const folder = makeSharedFolder();
  const mounted: XfsVolume[] = [];
  const unstall = () => thawAnyway(join(folder, 'below'));
  const dispose = () => {
    unstall();
    unmountAll(mounted.reverse());
    removeSharedFolder(folder);
  };
  try {
    const below = makeXfs(folder, 'below', (names.length + 1) * GIB);
    mounted.push(below);
    for (const name of names) mounted.push(makeXfs(below.mountPoint, name, GIB));
    return {
      folder,
      below,
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

/**
 * Makes a folder that is a shared mount: an unmount in it also unmounts the copies in other tests' namespaces. A copy
 * that stays would keep the device busy, and the file system that the device's file is on.
 */
function makeSharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mysql-ebs-snapshot-test-'));
  execFileSync('mount', ['--bind', folder, folder]);
  // Private first: where `/` is shared, the folder would be a peer of `/`, and every mount in it would appear twice.
  for (const propagation of ['--make-private', '--make-shared']) execFileSync('mount', [propagation, folder]);
  return folder;
}

function removeSharedFolder(folder: string): void {
  unmountBusy(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Tries each, then throws the first failure. */
function unmountAll(volumes: readonly XfsVolume[]): void {
  const failures: unknown[] = [];
  for (const volume of volumes) {
    try {
      unmount(volume);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function unmount({ mountPoint, device }: XfsVolume, ...below: string[]): void {
  unmountBusy(mountPoint, () => [...below, mountPoint].forEach(thawAnyway));
  quietly('losetup', '--detach', device);
}

/** 10 s: a killed process or a loop device may take a moment to release the mount. */
const UNMOUNT_TRIES = 100;

/** Unmounts. Throws with what holds the mount if it stays busy; `first` runs before each try. */
export function unmountBusy(mountPoint: string, first: () => void = () => {}, tries = UNMOUNT_TRIES): void {
  for (let left = tries; isMounted(mountPoint); left--) {
    first();
    const { status, stderr } = spawnSync('umount', [mountPoint], { encoding: 'utf8' });
    if (status === 0) continue;
    if (left <= 1) {
      throw new Error(`${mountPoint} cannot be unmounted (held by ${holdersOfMount(mountPoint)}): ${stderr.trim()}`);
    }
    quietly('sleep', '0.1');
  }
}

const isMounted = (mountPoint: string): boolean => quietly('mountpoint', '--quiet', mountPoint);

/** Whether a file system is frozen: only freezing it can tell. Leaves it as it was. */
export function isFrozen(mountPoint: string): boolean {
  if (!quietly('fsfreeze', '--freeze', mountPoint)) return true;
  execFileSync('fsfreeze', ['--unfreeze', mountPoint]);
  return false;
}

/** Thaws a file system, if it is frozen. */
export const thawAnyway = (mountPoint: string): void => void quietly('fsfreeze', '--unfreeze', mountPoint);
