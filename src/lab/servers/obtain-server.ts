import type { Needs } from '../machine/requirements.ts';
import type { Shell } from '../machine/shell.ts';
import { DEBOOTSTRAP_NEEDS, debootstrappedServer } from './debootstrapped.ts';
import type { Distribution } from './distribution.ts';
import { installedServer } from './installed.ts';
import { INSTALLED_SERVER, type ServerName } from './server-name.ts';

/** What a server takes of the machine beyond what every lab does. */
export const needsOf = (server: ServerName): Needs => (server === INSTALLED_SERVER ? {} : DEBOOTSTRAP_NEEDS);

/** Makes a server ready to be run. The maker is a lab, by its id. Throws RunError `lab-unfit` where it cannot be had. */
export const obtainServer = (
  shell: Shell,
  server: ServerName,
  maker: string,
  say: (sentence: string) => void,
): Promise<Distribution> =>
  server === INSTALLED_SERVER ? installedServer(shell) : debootstrappedServer(shell, server, maker, say);
