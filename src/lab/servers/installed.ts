import type { Shell } from '../machine/shell.ts';
import { type Distribution, readVersion } from './distribution.ts';
import { MARIADB } from './mariadb.ts';
import { INSTALLED_SERVER } from './server-name.ts';
import type { ServerPrograms } from './server-programs.ts';

const PROGRAMS: ServerPrograms = {
  daemon: (name) => [name],
  folderOptions: [],
  tool: (name) => [name],
  script: (name, folder) => ({ argv: [name], folder }),
};

/** The MariaDB that is installed on this machine, of whatever version it is. */
export async function installedServer(shell: Shell): Promise<Distribution> {
  const version = await readVersion(shell, MARIADB, PROGRAMS);
  return { name: INSTALLED_SERVER, flavour: MARIADB, version, programs: PROGRAMS };
}
