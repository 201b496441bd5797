import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { InstanceId, type SnapshotId, VolumeId } from '../../shared/ids.ts';
import type { LabFolder } from '../machine/lab-folder.ts';
import { attachLoop, detachLoops } from '../machine/loop-devices.ts';
import { plainShell, type Shell } from '../machine/shell.ts';
import { untilItWorks } from '../machine/until-it-works.ts';
import type { EbsStore } from '../world.ts';

/** Sparse: it takes on the disk what is written to it. */
const POOL_GIB = 64;
const GIB = 1024 ** 3;

/** A volume that has bytes: a file in the pool, attached as a block device. */
export interface Disk {
  readonly volumeId: VolumeId;
  readonly sizeGiB: number;
  /** Like `/dev/loop3`. */
  readonly device: string;
}

/**
 * EBS whose multi-volume snapshots are atomic for real: one btrfs file system, one subvolume an instance, one file
 * a volume. A snapshot of the subvolume holds all volumes of the instance at one moment, whatever is being written.
 */
export interface EbsOnBtrfs extends EbsStore {
  createVolume(instanceId: InstanceId, sizeGiB: number): Promise<Disk>;
  /** Makes writable copies of snapshots of ONE capture and attaches them. */
  restore(snapshotIds: readonly SnapshotId[]): Promise<RestoredDisks>;
  /** Throws away the bytes of everything that was captured so far. What was restored is a copy and stays. */
  discardCaptures(): Promise<void>;
}

/** Copies of a set's volumes. They are detached and thrown away at the end, when nothing has them mounted any more. */
export interface RestoredDisks extends AsyncDisposable {
  readonly disks: readonly Disk[];
  /** Milliseconds of the wall clock when they had been captured. */
  readonly capturedAt: number;
}

export const newInstanceId = (): InstanceId => v.parse(InstanceId, `i-${hex17()}`);
export const newVolumeId = (): VolumeId => v.parse(VolumeId, `vol-${hex17()}`);

const hex17 = () => randomBytes(9).toString('hex').slice(0, 17);

interface Kept {
  readonly capture: string;
  readonly capturedAt: number;
  readonly volumeId: VolumeId;
}

/** Makes the pool in `<lab>/pool.btrfs` and mounts it at `<lab>/pool`. */
export async function createEbs(shell: Shell, lab: LabFolder): Promise<EbsOnBtrfs> {
  const [image, pool] = [join(lab.path, 'pool.btrfs'), join(lab.path, 'pool')];
  await makeSparseFile(image, POOL_GIB);
  await shell.run(['mkfs.btrfs', '--quiet', '--data', 'single', '--metadata', 'single', image]);
  await mkdir(pool, { mode: 0o700 });
  // btrfs does direct I/O only on files without checksums. The pool itself waits for no disk (no direct I/O, no
  // barriers): it has to survive crashes of servers and processes, not of the machine, and how long a flush takes
  // should not depend on the disk of whoever rehearses.
  const device = await attachLoop(shell, image, 'buffered');
  await shell.run(['mount', '-o', 'nodatasum,nobarrier', device, pool]);
  for (const folder of ['instances', 'captures', 'restored']) await mkdir(join(pool, folder));

  const instances = new Map<InstanceId, Map<VolumeId, number>>();
  const kept = new Map<SnapshotId, Kept>();
  let captures = 0;
  let restores = 0;

  return {
    async createVolume(instanceId, sizeGiB) {
      const subvolume = join(pool, 'instances', instanceId);
      const volumes = instances.get(instanceId) ?? new Map<VolumeId, number>();
      if (!instances.has(instanceId)) await shell.run(['btrfs', 'subvolume', 'create', subvolume]);
      instances.set(instanceId, volumes);
      const volumeId = newVolumeId();
      await makeSparseFile(join(subvolume, volumeId), sizeGiB);
      volumes.set(volumeId, sizeGiB);
      return { volumeId, sizeGiB, device: await attachLoop(shell, join(subvolume, volumeId)) };
    },

    async capture(instanceId, members) {
      const volumes = instances.get(instanceId);
      const foreign = members.find(({ volumeId }) => !volumes?.has(volumeId));
      if (foreign) throw new RunError('bug', `${foreign.volumeId} has no bytes on ${instanceId}`);
      captures += 1;
      const capture = join(pool, 'captures', String(captures));
      await shell.run(['btrfs', 'subvolume', 'snapshot', '-r', join(pool, 'instances', instanceId), capture]);
      const capturedAt = Date.now();
      for (const { snapshotId, volumeId } of members) kept.set(snapshotId, { capture, capturedAt, volumeId });
    },

    async restore(snapshotIds) {
      const found = snapshotIds.map((id) => {
        const snapshot = kept.get(id);
        if (!snapshot) throw new RunError('rehearsal-failed', `there is no snapshot ${id}`);
        return snapshot;
      });
      const [first] = found;
      if (!first || found.some(({ capture }) => capture !== first.capture)) {
        throw new RunError('rehearsal-failed', `${snapshotIds.join(', ')} were not captured at one moment`);
      }
      restores += 1;
      const copy = join(pool, 'restored', String(restores));
      await shell.run(['btrfs', 'subvolume', 'snapshot', first.capture, copy]);
      // In any case to its end, also where the caller has been cancelled.
      const undo = async () => {
        await detachLoops(plainShell(), copy);
        await deleteSubvolume(copy);
      };
      const disks: Disk[] = [];
      for (const { volumeId } of found) {
        const file = join(copy, volumeId);
        disks.push({ volumeId, sizeGiB: await sizeOf(file), device: await attachLoop(shell, file) });
      }
      return { disks, capturedAt: first.capturedAt, [Symbol.asyncDispose]: undo };
    },

    async discardCaptures() {
      for (const capture of new Set([...kept.values()].map(({ capture }) => capture))) await deleteSubvolume(capture);
      kept.clear();
    },
  };
}

const deleteSubvolume = (path: string): Promise<void> =>
  untilItWorks(`${path} does not go away`, () => plainShell().run(['btrfs', 'subvolume', 'delete', path]));

async function makeSparseFile(path: string, sizeGiB: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await file.truncate(sizeGiB * GIB);
  await file.close();
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  await file.close();
  return size / GIB;
}
