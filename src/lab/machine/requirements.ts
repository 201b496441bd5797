import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { RunError } from '../../shared/errors.ts';

type Programs = Readonly<Record<string, string>>;

/** Program -> the Debian package that brings it. To take a lab away: */
const TO_SWEEP: Programs = {
  losetup: 'mount',
  mount: 'mount',
  umount: 'mount',
  fsfreeze: 'util-linux',
  flock: 'util-linux',
};

/** To build one and rehearse in it. */
const TO_BUILD: Programs = {
  ...TO_SWEEP,
  btrfs: 'btrfs-progs',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.xfs': 'xfsprogs',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mariadbd: 'mariadb-server',
  'mariadb-install-db': 'mariadb-server',
  'mariadb-binlog': 'mariadb-client',
};

const ADMIN_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Proves that a lab can be built on this machine. Throws RunError `lab-unfit` that names all that is missing. */
export const requireFitMachine = (): Promise<void> => requirePrograms(TO_BUILD);

/** Proves that a lab can be taken away from this machine. Throws RunError `lab-unfit` that names all that is missing. */
export const requireSweepable = (): Promise<void> => requirePrograms(TO_SWEEP);

async function requirePrograms(programs: Programs): Promise<void> {
  if (process.platform !== 'linux') throw new RunError('lab-unfit', `the lab needs Linux, this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new RunError('lab-unfit', 'the lab needs root', { hint: 'Run it with sudo.' });
  // A root shell without a login has no sbin on its PATH, and that is where most of these are.
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  process.env['PATH'] = [...folders, ...ADMIN_FOLDERS.filter((folder) => !folders.includes(folder))].join(delimiter);
  const missing: string[] = [];
  for (const program of Object.keys(programs)) if (!(await isOnPath(program))) missing.push(program);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => programs[program]))].join(' ');
  throw new RunError('lab-unfit', `programs are missing: ${missing.join(', ')}`, {
    hint: `Install the packages: apt-get install ${packages} (scripts/rehearse and scripts/soak do it).`,
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
