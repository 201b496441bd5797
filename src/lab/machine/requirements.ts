import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { RunError } from '../../shared/errors.ts';

/** Program -> the Debian package that brings it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  btrfs: 'btrfs-progs',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.xfs': 'xfsprogs',
  losetup: 'mount',
  mount: 'mount',
  fsfreeze: 'util-linux',
  flock: 'util-linux',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mariadbd: 'mariadb-server',
  'mariadb-install-db': 'mariadb-server',
  'mariadb-binlog': 'mariadb-client',
};

const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Proves that this machine can carry a lab. Throws RunError `lab-unfit` that names all that is missing. */
export async function requireFitMachine(): Promise<void> {
  if (process.platform !== 'linux') throw new RunError('lab-unfit', `the lab needs Linux, this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new RunError('lab-unfit', 'the lab needs root', { hint: 'Run it with sudo.' });
  // A root shell without a login has no sbin on its PATH, and that is where most of these are.
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  process.env['PATH'] = [...folders, ...ADMIN_FOLDERS.filter((folder) => !folders.includes(folder))].join(delimiter);
  const missing: string[] = [];
  for (const program of Object.keys(PROGRAMS)) if (!(await isOnPath(program))) missing.push(program);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => PROGRAMS[program]))].join(' ');
  throw new RunError('lab-unfit', `programs are missing: ${missing.join(', ')}`, {
    hint: `Install the packages: apt-get install ${packages} (scripts/rehearse does it).`,
  });
}

async function isOnPath(program: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
