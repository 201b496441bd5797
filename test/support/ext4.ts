import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;
const SIZE = 64 * MIB;

/** A real ext4 on a loop device; `journal`: the loop device of its external journal. */
export interface Ext4 extends Disposable {
  readonly mountPoint: string;
  readonly device: string;
  readonly journal: string | undefined;
}

/** Makes and mounts an ext4 that has its journal on a device of its own, or none. */
export function mountExt4(kind: 'external journal' | 'no journal'): Ext4 {
  const folder = mkdtempSync(join(tmpdir(), 'mysql-ebs-snapshot-test-'));
  const mountPoint = join(folder, 'mount');
  const undo: (() => void)[] = [() => rmSync(folder, { recursive: true })];
  const dispose = () => {
    for (const step of undo.reverse()) step();
  };
  const loopDevice = (name: string): string => {
    const image = join(folder, name);
    writeFileSync(image, '');
    truncateSync(image, SIZE);
    const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
    undo.push(() => execFileSync('losetup', ['--detach', device]));
    return device;
  };
  const makeFileSystem = (...argv: string[]) => execFileSync('mkfs.ext4', ['-q', '-b', '4096', ...argv]);
  try {
    const journal = kind === 'external journal' ? loopDevice('journal') : undefined;
    if (journal !== undefined) makeFileSystem('-O', 'journal_dev', journal);
    const device = loopDevice('data');
    makeFileSystem(...(journal === undefined ? ['-O', '^has_journal'] : ['-J', `device=${journal}`]), device);
    mkdirSync(mountPoint);
    execFileSync('mount', [device, mountPoint]);
    undo.push(() => execFileSync('umount', [mountPoint]));
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    return { mountPoint, device, journal, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
