import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, workshopOf } from '../machine/lab-folder.ts';
import type { Shell } from '../machine/shell.ts';

/** Kept small: an empty server has to be initialised, copied and captured in little time. */
export const REDO_LOG_SIZE = '32M';

/**
 * An initialised data directory for the installed server, to be copied. It is made once a version (it takes
 * seconds) and appears under its name only when it is whole. The maker is a lab, by its id: if it does not come to
 * the end of this, its sweep clears up.
 */
export async function initialDataDirectory(shell: Shell, maker = randomBytes(4).toString('hex')): Promise<string> {
  const version = /Ver (\S+)/.exec(await shell.run(['mariadbd', '--no-defaults', '--version']))?.[1] ?? 'unknown';
  const ready = join(CACHE, `${version}-redo-${REDO_LOG_SIZE}`);
  const exists = await access(ready).then(
    () => true,
    () => false,
  );
  if (exists) return ready;
  const making = workshopOf(maker);
  try {
    await mkdir(CACHE, { recursive: true });
    await chmod(CACHE, 0o755);
    await mkdir(making);
    await shell.run(['chown', 'mysql:mysql', making]);
    await shell.run([
      'mariadb-install-db',
      '--no-defaults',
      `--datadir=${making}`,
      '--user=mysql',
      '--auth-root-authentication-method=socket',
      '--skip-test-db',
      `--innodb-log-file-size=${REDO_LOG_SIZE}`,
    ]);
    // Two labs of different roots may get here at once: the first rename wins, and both results are the same.
    await rename(making, ready).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return ready;
}
