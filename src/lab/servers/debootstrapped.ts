import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import { makeInCache } from '../machine/cache.ts';
import type { Needs } from '../machine/requirements.ts';
import type { Shell } from '../machine/shell.ts';
import { type Distribution, readVersion } from './distribution.ts';
import type { Flavour } from './flavour.ts';
import { MARIADB } from './mariadb.ts';
import { MYSQL } from './mysql.ts';
import type { DebootstrappedServer } from './server-name.ts';
import type { ServerPrograms } from './server-programs.ts';

interface Recipe {
  readonly flavour: Flavour;
  /** What its version begins with. */
  readonly series: string;
  /** The release of Debian that carries it, and the packages of its programs. */
  readonly suite: string;
  readonly packages: readonly string[];
}

const RECIPES: Readonly<Record<DebootstrappedServer, Recipe>> = {
  'mariadb-11.8': {
    flavour: MARIADB,
    series: '11.8.',
    suite: 'trixie',
    packages: ['mariadb-server-core', 'mariadb-client'],
  },
  'mysql-9.7': { flavour: MYSQL, series: '9.7.', suite: 'sid', packages: ['mysql-server-core'] },
};

/** What making one takes of the machine. */
export const DEBOOTSTRAP_NEEDS: Needs = {
  debootstrap: 'debootstrap',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
  chroot: 'coreutils',
};

/**
 * Brings a server of another release of Debian than the machine's, as a tree of files in the cache. The maker is a lab,
 * by its id. Throws RunError `lab-unfit` where it cannot be had.
 */
export async function debootstrappedServer(
  shell: Shell,
  name: DebootstrappedServer,
  maker: string,
  say: (sentence: string) => void,
): Promise<Distribution> {
  if (process.arch !== 'x64') {
    throw new RunError('lab-unfit', `${name} is run on x86_64 only, and this machine is ${process.arch}`);
  }
  const { flavour } = RECIPES[name];
  const tree = await makeInCache(`server-${name}`, maker, async (making) => {
    say(`Bringing ${name} with debootstrap, once: it takes a minute or two.`);
    await bootstrap(shell, name, making);
    requireSeries(name, await readVersion(shell, flavour, programsIn(making)));
  });
  const programs = programsIn(tree);
  return { name, flavour, version: await readVersion(shell, flavour, programs), programs };
}

/** What it mounts is not seen outside and goes with it; what others unmount meanwhile goes from it, too, and is not kept busy. */
const OWN_MOUNTS = ['unshare', '--mount', '--propagation', 'slave'] as const;

/** In namespaces of its own: what it mounts in the tree and starts there ends with it, however it ends. */
async function bootstrap(shell: Shell, name: DebootstrappedServer, tree: string): Promise<void> {
  const { suite, packages } = RECIPES[name];
  const alone = [...OWN_MOUNTS, '--pid', '--fork', '--kill-child', '--mount-proc'];
  const debootstrap = ['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, suite, tree];
  try {
    // While it waits for its child `unshare` is deaf to SIGTERM.
    await shell.run([...alone, ...debootstrap], { killSignal: 'SIGKILL' });
  } catch (error) {
    if (shell.signal.aborted) throw error;
    throw new RunError('lab-unfit', `${name} could not be brought from Debian ${suite}: ${messageOf(error)}`, {
      hint: "Check that this machine reaches Debian's mirror, deb.debian.org.",
      cause: error,
    });
  }
  for (const downloads of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    await rm(join(tree, downloads), { recursive: true });
  }
}

/** A release of Debian goes on to other series. Throws RunError `lab-unfit` where it has. */
export function requireSeries(name: DebootstrappedServer, version: string): void {
  const { series, suite } = RECIPES[name];
  if (version.startsWith(series)) return;
  throw new RunError('lab-unfit', `Debian ${suite} carries ${version} now, which is not ${name}`, {
    hint: 'Rehearse on another server (--server), or on a version of this program that knows it.',
  });
}

/**
 * Programs of a foreign distribution, started by its own dynamic loader with its own libraries, under the machine's
 * root. Only its scripts see the tree as their root.
 */
function programsIn(tree: string): ServerPrograms {
  const usr = join(tree, 'usr');
  const loaded = [join(tree, LOADER), '--library-path', join(usr, LIBRARIES)];
  return {
    daemon: (name) => [...loaded, join(usr, 'sbin', name)],
    tool: (name) => [...loaded, join(usr, 'bin', name)],
    folderOptions: [`--basedir=${usr}`],
    script: (name, folder) => ({
      argv: [...OWN_MOUNTS, 'sh', '-c', WITH_FOLDER, 'sh', folder, tree, name],
      folder: '/mnt',
    }),
  };
}

const LOADER = 'lib64/ld-linux-x86-64.so.2';
const LIBRARIES = 'lib/x86_64-linux-gnu';

const WITH_FOLDER = 'mount --bind "$1" "$2/mnt" && shift && exec chroot "$@"';
