import { RunError } from '../../shared/errors.ts';

/** Where and as whom the server is reached. Exactly one of `socket` and `host` counts; the socket wins. */
export interface ConnectionOptions {
  readonly socket: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
}

const LOCAL = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** The groups that are read, the later over the earlier; a suffix adds a group of its own, as in MySQL's programs. */
export const optionGroups = (suffix: string): readonly string[] => {
  const groups = ['client', 'client-server', 'mysql-ebs-snapshot'];
  return suffix === '' ? groups : [...groups, ...groups.map((group) => `${group}${suffix}`)];
};

/** What the command line may say; passwords are not among it. */
export interface ConnectionWishes {
  readonly socket: string | undefined;
  readonly user: string | undefined;
}

/**
 * Command line over option files over the defaults: root over the socket. `defaultSocket` is the first of the
 * distributions' sockets that exists on this host.
 */
export function connectionOptions(
  wishes: ConnectionWishes,
  fromFiles: ReadonlyMap<string, string>,
  password: string | undefined,
  defaultSocket: string,
): ConnectionOptions {
  const host = fromFiles.get('host') ?? 'localhost';
  const port = fromFiles.get('port') ?? '3306';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new RunError('usage', `port '${port}' in the option file is not a port number`);
  // A server elsewhere would be locked while the volumes of this host are snapshotted.
  if (!LOCAL.test(host)) {
    throw new RunError('usage', `host '${host}' in the option file is not this host`, {
      hint: 'Give the socket of the server on this host in the group [mysql-ebs-snapshot].',
    });
  }
  // 'localhost' means the socket to MySQL's programs, whatever the port.
  const overTcp = wishes.socket === undefined && host !== 'localhost';
  return {
    socket: overTcp ? undefined : (wishes.socket ?? fromFiles.get('socket') ?? defaultSocket),
    host,
    port: Number(port),
    user: wishes.user ?? fromFiles.get('user') ?? 'root',
    password: password ?? fromFiles.get('password'),
  };
}
