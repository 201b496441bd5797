import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainShell } from '../../../src/lab/machine/shell.ts';

/** A disk as EBS shows it on Nitro: NVMe, its serial the volume's id without the hyphen. */
export interface GuestDisk {
  readonly serial: string;
  readonly sizeGiB: number;
  /** The file whose bytes it begins with; it stays as it is. Absent: the disk is empty. */
  readonly bytes?: string;
}

/** A disk of a guest and the file that has its bytes. */
export interface Drive {
  readonly serial: string;
  readonly file: string;
  /** Whether the file takes what the guest writes; if not, that is lost with the guest. */
  readonly takesWrites: boolean;
}

/** An empty disk is a sparse file in this folder. */
export async function makeDrive({ serial, sizeGiB, bytes }: GuestDisk, folder: string): Promise<Drive> {
  if (bytes !== undefined) return { serial, file: bytes, takesWrites: false };
  const file = join(folder, `${serial}.img`);
  await writeFile(file, '');
  await truncate(file, sizeGiB * 2 ** 30);
  return { serial, file, takesWrites: true };
}

/** Where the machine's file system can, the copy shares the blocks; else it is as sparse as the original. */
export async function copyBytes({ file }: Drive, to: string): Promise<void> {
  await plainShell().run(['cp', '--sparse=always', '--reflink=auto', file, to]);
}
