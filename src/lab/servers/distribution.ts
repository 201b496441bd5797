import type { Shell } from '../machine/shell.ts';
import type { Flavour } from './flavour.ts';
import type { ServerName } from './server-name.ts';
import type { ServerPrograms } from './server-programs.ts';

/** A server that is ready to be run on this machine: of which flavour and version, and by which programs. */
export interface Distribution {
  readonly name: ServerName;
  readonly flavour: Flavour;
  /** As the program tells it: `9.7.4-2`, `10.11.19-MariaDB-0+deb12u1`. */
  readonly version: string;
  readonly programs: ServerPrograms;
}

/** What people say: `MySQL 9.7.4`. */
export const titleOf = ({ flavour, version }: Distribution): string =>
  `${flavour.title} ${/^[\d.]+/.exec(version)?.[0] ?? version}`;

/** The version that a server's program tells. Throws RunError `lab-unfit` where it does not run. */
export async function readVersion(shell: Shell, flavour: Flavour, programs: ServerPrograms): Promise<string> {
  const text = await shell.run([...programs.daemon(flavour.daemon), '--no-defaults', '--version']);
  return /Ver (\S+)/.exec(text)?.[1] ?? 'unknown';
}
