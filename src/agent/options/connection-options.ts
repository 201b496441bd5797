import { isDeepStrictEqual } from 'node:util';
import { RunError } from '../../shared/errors.ts';
import { MARIADB_VARIABLES, type Reading, type Readings } from './flavours.ts';
import { hasSuffix, isOfEveryFlavour, type KnownOption, knownOptions, strongest } from './said-option.ts';
import { atSocket, decideAddress, type ServerAddress } from './server-address.ts';

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
}

export interface TlsOptions {
  /** The certificates of those who may have signed the server's. */
  readonly caFile: string;
  /** Whether the certificate has to name the host, too. */
  readonly verifyIdentity: boolean;
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
  const { options, address } = addressBy(readings.mariadb, wishes, defaultSocket);
  const secret = password ?? strongest(options, 'password')?.value;
  return {
    socket: address.socket,
    host: address.host ?? 'localhost',
    port: address.host === undefined ? 0 : address.port,
    user: wishes.user ?? strongest(options, 'user')?.value ?? 'root',
    password: secret,
    tls: address.host === undefined ? undefined : tlsOptions(address, options, secret),
    mariadbOnly: onlyForMariadb(address, wishes, readings, defaultSocket),
  };
}

interface Addressed {
  readonly address: ServerAddress;
  readonly options: readonly KnownOption[];
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
  return { options, address: socket === undefined ? decided() : atSocket(socket) };
}

/** Any account may listen on a port of 127.0.0.1 while the server is down, and ask for the password in clear. */
function tlsOptions(
  { host, port }: ServerAddress & { readonly host: string },
  options: readonly KnownOption[],
  password: string | undefined,
): TlsOptions | undefined {
  const caFile = strongest(options, 'ssl-ca')?.value;
  if (caFile) return { caFile, verifyIdentity: wantsIdentity(options) };
  if (!password) return undefined;
  throw new RunError('server-untrusted', `${host}:${port}: a password is sent over TCP only with TLS and a known CA`, {
    hint: 'Reach the server over its socket (socket = … in [mysql-ebs-snapshot]), or name its CA (ssl-ca = FILE).',
  });
}

function wantsIdentity(options: readonly KnownOption[]): boolean {
  const verify = strongest(options, 'ssl-verify-server-cert');
  return (
    /^verify_identity$/i.test(strongest(options, 'ssl-mode')?.value ?? '') ||
    (verify !== undefined && !/^(0|off|false)$/i.test(verify.value))
  );
}

/** MySQL's programs do not read all that MariaDB's do: who means another server for MySQL may not meet one here. */
function onlyForMariadb(
  address: ServerAddress,
  wishes: ConnectionWishes,
  { mariadb, mysql }: Readings,
  defaultSocket: string,
): string | undefined {
  if (wishes.socket !== undefined) return undefined;
  try {
    if (isDeepStrictEqual(addressBy(mysql, wishes, defaultSocket).address, address)) return undefined;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
  }
  const groups = mariadb.options.filter((option) => !isOfEveryFlavour(option)).map(({ group }) => `[${group}]`);
  const unread = new Set([...groups, ...MARIADB_VARIABLES.filter((name) => mariadb.environment[name] !== undefined)]);
  return `${[...unread].join(', ')} decides which server is met, and MySQL's programs do not read that`;
}
