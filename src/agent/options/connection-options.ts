import { isDeepStrictEqual } from 'node:util';
import { RunError } from '../../shared/errors.ts';
import { MARIADB_VARIABLES, type Reading, type Readings } from './flavours.ts';
import {
  hasSuffix,
  isOfEveryFlavour,
  type KnownOption,
  knownOptions,
  placeOf,
  type SaidOption,
  strongest,
} from './said-option.ts';
import { atSocket, decideAddress, type ServerAddress } from './server-address.ts';
import { type TlsOptions, tlsOptions } from './tls-options.ts';

/** Where and as whom the server is reached. Exactly one of `socket` and `host` counts; the socket wins. */
export interface ConnectionOptions {
  readonly socket: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  /** Over TCP: how the server proves itself before it is told anything. */
  readonly tls: TlsOptions | undefined;
}

/** A connection, and which server may be met by it. */
export interface MeantConnection extends ConnectionOptions {
  /** Why it has to be a MariaDB, where that is so. */
  readonly mariadbOnly: string | undefined;
  /** Why it has to be a MySQL. */
  readonly mysqlOnly: string | undefined;
}

/** What the command line may say; passwords are not among it. */
export interface ConnectionWishes {
  readonly socket: string | undefined;
  readonly user: string | undefined;
}

/**
 * Command line over option files over the environment over the defaults: root over the socket. Throws RunError `usage`
 * for what cannot be meant, and `server-untrusted` where a password would go to a server that nothing proves.
 */
export function connectionOptions(
  wishes: ConnectionWishes,
  readings: Readings,
  password: string | undefined,
  defaultSocket: string,
): MeantConnection {
  const { said, options, address, ...onlyFor } = meantAddress(wishes, readings, defaultSocket);
  const secret = password ?? strongest(options, 'password')?.value;
  return {
    socket: address.socket,
    host: address.host ?? 'localhost',
    port: address.host === undefined ? 0 : address.port,
    user: wishes.user ?? strongest(options, 'user')?.value ?? 'root',
    password: secret,
    tls: address.host === undefined ? undefined : tlsOptions(`${address.host}:${address.port}`, said, options, secret),
    ...onlyFor,
  };
}

export const SAY_SOCKET = 'Give its socket in [client] or in [mysql-ebs-snapshot].';

/**
 * The server that the programs of both flavours mean, or of one, which it then has to be. The account of the login file
 * counts for any server there: a host of MariaDB has no such file.
 */
function meantAddress(
  wishes: ConnectionWishes,
  { mariadb, mysql, login }: Readings,
  defaultSocket: string,
): Addressed & Pick<MeantConnection, 'mariadbOnly' | 'mysqlOnly'> {
  const forMariadb = addressBy(mariadb, wishes, defaultSocket);
  const withoutLogin = addressIfAny(mysql, wishes, defaultSocket);
  const options = [...mysql.options, ...login];
  const forMysql = login.length === 0 ? withoutLogin : addressBy({ ...mysql, options }, wishes, defaultSocket);
  const isSame = (one: Addressed | undefined, other: Addressed | undefined) =>
    isDeepStrictEqual(one?.address, other?.address);
  const mariadbOnly = `${onlyMariadbReads(mariadb)} decides which server is met, and MySQL's programs do not read that`;
  const logged = `the login file decides which server is met (${login.map(placeOf).join(', ')})`;

  if (isSame(forMariadb, forMysql)) {
    const account = login.length > 0 && forMysql !== undefined ? forMysql : forMariadb;
    return { ...account, mariadbOnly: undefined, mysqlOnly: undefined };
  }
  if (isSame(forMysql, withoutLogin)) return { ...forMariadb, mariadbOnly, mysqlOnly: undefined };
  if (isSame(forMariadb, withoutLogin) && forMysql !== undefined) {
    const mysqlOnly = `${logged}, and MariaDB's programs do not read that`;
    return { ...forMysql, mariadbOnly: undefined, mysqlOnly };
  }
  throw new RunError('usage', `${logged}, to MySQL's programs alone, and MariaDB's mean another one`, {
    hint: SAY_SOCKET.replace('[client] or in ', ''),
  });
}

function addressIfAny(reading: Reading, wishes: ConnectionWishes, defaultSocket: string): Addressed | undefined {
  try {
    return addressBy(reading, wishes, defaultSocket);
  } catch (error) {
    if (error instanceof RunError) return undefined;
    throw error;
  }
}

function onlyMariadbReads({ options, environment }: Reading): string {
  const groups = options.filter((option) => !isOfEveryFlavour(option)).map(({ group }) => `[${group}]`);
  return [...new Set([...groups, ...MARIADB_VARIABLES.filter((name) => environment[name] !== undefined)])].join(', ');
}

interface Addressed {
  readonly address: ServerAddress;
  readonly options: readonly KnownOption[];
  readonly said: readonly SaidOption[];
}

function addressBy(
  { suffix, options: said, environment }: Reading,
  { socket }: ConnectionWishes,
  defaultSocket: string,
): Addressed {
  if (suffix !== '' && !said.some((option) => hasSuffix(option, suffix))) {
    throw new RunError('usage', `no option file has an option in a group with the suffix '${suffix}'`, {
      hint: `Add the group [mysql-ebs-snapshot${suffix}].`,
    });
  }
  const options = knownOptions(said, suffix);
  const decided = () => decideAddress(options, suffix, { environment, defaultSocket });
  return { said, options, address: socket === undefined ? decided() : atSocket(socket) };
}
