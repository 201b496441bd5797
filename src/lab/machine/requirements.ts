import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { RunError } from '../../shared/errors.ts';

/** Program, or the path of a file that is none -> the Debian package that brings it. */
export type Needs = Readonly<Record<string, string>>;

/** To take a lab away: */
const TO_SWEEP: Needs = {
  losetup: 'mount',
  mount: 'mount',
  umount: 'mount',
  fsfreeze: 'util-linux',
  flock: 'util-linux',
};

/** To build one and rehearse in it. The account that runs any server comes with the distribution's. */
const TO_BUILD: Needs = {
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

/**
 * Proves that a lab can be built on this machine, whose servers need what they need. Throws RunError `lab-unfit` that
 * names all that is missing.
 */
export const requireFitMachine = (ofServers: Needs = {}): Promise<void> => requireAll({ ...TO_BUILD, ...ofServers });

/** Proves that a lab can be taken away from this machine. Throws RunError `lab-unfit` that names all that is missing. */
export const requireSweepable = (): Promise<void> => requireAll(TO_SWEEP);

async function requireAll(needs: Needs): Promise<void> {
  if (process.platform !== 'linux') throw new RunError('lab-unfit', `the lab needs Linux, this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new RunError('lab-unfit', 'the lab needs root', { hint: 'Run it with sudo.' });
  // A root shell without a login has no sbin on its PATH, and that is where most of these are.
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  process.env['PATH'] = [...folders, ...ADMIN_FOLDERS.filter((folder) => !folders.includes(folder))].join(delimiter);
  const missing: string[] = [];
  for (const need of Object.keys(needs)) if (!(await isThere(need))) missing.push(need);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((need) => needs[need]))].join(' ');
  throw new RunError('lab-unfit', `the machine lacks ${missing.join(', ')}`, {
    hint: `Install the packages: apt-get install ${packages} (scripts/rehearse and scripts/soak do it).`,
  });
}

async function isThere(need: string): Promise<boolean> {
  const folders = isAbsolute(need) ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of folders) {
    const found = await access(join(folder, need), isAbsolute(need) ? constants.R_OK : constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
