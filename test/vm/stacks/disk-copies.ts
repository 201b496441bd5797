import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EbsStore } from '../../../src/lab/world.ts';
import type { InstanceId, SnapshotId } from '../../../src/shared/ids.ts';
import type { Guest } from '../guest/guest.ts';

/** EBS of guests: a snapshot is a copy of a disk; the disks of one set are copied while the guest stands still. */
export interface DiskCopies extends EbsStore, AsyncDisposable {
  /** Says which guest is the instance. */
  attach(instanceId: InstanceId, guest: Guest): void;
  /** The file with the bytes of a snapshot. */
  fileOf(snapshotId: SnapshotId): string;
}

export async function diskCopies(): Promise<DiskCopies> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql-ebs-snapshot-copies-'));
  const guests = new Map<InstanceId, Guest>();
  const fileOf: DiskCopies['fileOf'] = (snapshotId) => join(folder, `${snapshotId}.img`);
  return {
    attach: (instanceId, guest) => void guests.set(instanceId, guest),
    async capture(instanceId, members) {
      const guest = guests.get(instanceId);
      if (guest === undefined) throw new Error(`no guest is ${instanceId}`);
      await guest.copyDisks(
        new Map(members.map(({ volumeId, snapshotId }) => [volumeId.replace('-', ''), fileOf(snapshotId)])),
      );
    },
    fileOf,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
