import { randomBytes } from 'node:crypto';
import { makeInCache } from '../machine/cache.ts';
import type { Shell } from '../machine/shell.ts';
import type { Distribution } from '../servers/distribution.ts';
import { REDO_LOG_SIZE } from '../servers/redo-log-size.ts';

/**
 * An initialised data directory of a server, to be copied. It is made once a version: it takes seconds. The maker is
 * a lab, by its id.
 */
export const initialDataDirectory = (
  shell: Shell,
  { flavour, programs, version }: Distribution,
  maker = randomBytes(4).toString('hex'),
): Promise<string> =>
  makeInCache(`${version}-redo-${REDO_LOG_SIZE}`, maker, async (folder) => {
    await shell.run(['chown', 'mysql:mysql', folder]);
    await flavour.initialise(shell, programs, folder);
  });
