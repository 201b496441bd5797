import { RunError } from '../../shared/errors.ts';
import { hasSuffix, type KnownOption, placeOf, type Rank, strongest } from './said-option.ts';

/** Where a server is: the path of a socket, or a port of this host. */
export type ServerAddress =
  | { readonly socket: string; readonly host?: undefined }
  | { readonly socket?: undefined; readonly host: string; readonly port: number };

/** What the environment says where no option does: names and values as MySQL's programs know them. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The first of the distributions' sockets that exists on this host. */
  readonly defaultSocket: string;
}

const LOCAL = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;
const DEFAULT_PORT = 3306;

/**
 * The server that the options mean, as the servers' own programs decide it, but that a socket in our group wins over
 * all that the groups of all clients say. Throws RunError `usage` naming what is contradictory, unknown or elsewhere.
 */
export function decideAddress(
  options: readonly KnownOption[],
  suffix: string,
  { environment, defaultSocket }: Surroundings,
): ServerAddress {
  const decisive = options.filter(({ name }) => isAddress(name));
  const own = ([2, 1] as const).find((rank) => decisive.some((option) => option.rank === rank));
  if (own !== undefined) {
    refuseForeignSuffix(decisive, own, suffix);
    const here = decisive.filter(({ rank }) => rank === own);
    const socket = strongest(here, 'socket');
    if (socket !== undefined) return overSocket(socket, options, unlessEmpty(strongest(here, 'protocol')));
  }

  const protocol = unlessEmpty(strongest(decisive, 'protocol'));
  const said = strongest(decisive, 'host');
  if (said === undefined) refuseDisputedHost(environment);
  const host = unlessEmpty<Source>(said ?? fromEnvironment('host', 'MYSQL_HOST', environment));
  const elsewhere =
    unlessEmpty(strongest(decisive, 'dns-srv-name')) ?? (host && !LOCAL.test(host.value) ? host : undefined);
  if (elsewhere !== undefined) {
    // A server elsewhere would be locked while the volumes of this host are snapshotted.
    throw refusal(elsewhere, 'is not this host', 'Give the socket of the server on this host in [mysql-ebs-snapshot].');
  }
  const kind = protocol === undefined ? undefined : kindOf(protocol);
  // To MySQL's programs `localhost` means the socket, whatever the port.
  const named = host === undefined || host.value === 'localhost' ? undefined : host;
  if (kind === 'socket' && named !== undefined) {
    throw refusal(named, `and protocol 'socket' exclude each other`, 'Remove one of them.');
  }
  if (kind === 'tcp' || named !== undefined) {
    return { host: host?.value ?? 'localhost', port: portOf(options, environment) };
  }
  const socket = strongest(decisive, 'socket') ?? fromEnvironment('socket', 'MYSQL_UNIX_PORT', environment);
  return overSocket(
    socket ?? fromEnvironment('socket', 'MARIADB_UNIX_PORT', environment) ?? atDefault(defaultSocket),
    options,
  );
}

const isAddress = (name: string): boolean => ['protocol', 'host', 'socket', 'dns-srv-name'].includes(name);

/** An empty host or protocol is none, to MySQL's programs; an empty socket is not. */
const unlessEmpty = <T extends Source>(option: T | undefined): T | undefined =>
  option?.value === '' ? undefined : option;

type Source = Pick<KnownOption, 'name' | 'value' | 'rank' | 'group' | 'where'>;

function overSocket(socket: Source, options: readonly KnownOption[], protocol?: Source): ServerAddress {
  if (socket.value === '') throw refusal(socket, 'names no socket', 'Name the socket, or remove the option.');
  if (protocol !== undefined && kindOf(protocol) === 'tcp') {
    throw refusal(socket, `and protocol 'tcp' exclude each other`, 'Remove one of them.');
  }
  const port = strongest(options, 'port');
  if (port !== undefined && port.rank > socket.rank) {
    throw refusal(port, 'is not used over a socket', `Add protocol = tcp, or remove it.`);
  }
  if (socket.value.startsWith('@')) throw refusal(socket, ABSTRACT.why, ABSTRACT.hint);
  return { socket: socket.value };
}

/** What the command line says. */
export function atSocket(socket: string): ServerAddress {
  if (socket.startsWith('@')) throw new RunError('usage', `--socket '${socket}' ${ABSTRACT.why}`, ABSTRACT);
  return { socket };
}

/**
 * `@name` is an abstract socket to MariaDB's programs and a file to MySQL's. Node cannot say its exact name: it connects
 * to the one with NULs up to 108 bytes behind it, which any account may make [seen on Node 20.20 with MariaDB 10.11].
 */
const ABSTRACT = {
  why: 'is an abstract socket, which is not supported',
  hint: 'Let the server listen on the path of a file, and name that.',
};

function kindOf(protocol: Source): 'tcp' | 'socket' {
  const kind = protocol.value.toLowerCase();
  if (kind === 'tcp' || kind === 'socket') return kind;
  throw refusal(protocol, 'is neither tcp nor socket', 'Write it in full.');
}

/** 0 means the default, as to MySQL's programs. */
function portOf(options: readonly KnownOption[], environment: Surroundings['environment']): number {
  const said = strongest(options, 'port');
  for (const port of [said, fromEnvironment('port', 'MYSQL_TCP_PORT', environment)]) {
    if (port === undefined) continue;
    if (!/^\d{1,5}$/.test(port.value) || Number(port.value) > 65_535) {
      throw refusal(port, 'is not a port number', 'Give a number from 1 to 65535.');
    }
    if (Number(port.value) > 0) return Number(port.value);
  }
  return DEFAULT_PORT;
}

/** Whoever asks for the group of one server is not given another one. */
function refuseForeignSuffix(decisive: readonly KnownOption[], own: Rank, suffix: string): void {
  const meant = decisive.findLast((option) => option.rank === 0 && hasSuffix(option, suffix));
  if (own === 2 || meant === undefined) return;
  const hint = `Say it in [mysql-ebs-snapshot${suffix}].`;
  throw refusal(meant, 'and [mysql-ebs-snapshot], which wins, name different servers', hint);
}

/** MariaDB's programs read MARIADB_HOST, over MYSQL_HOST, in 11.8 and not in 10.11 [seen]: they meet different servers. */
function refuseDisputedHost({ MARIADB_HOST: ofNewer, MYSQL_HOST: ofAll = '' }: Surroundings['environment']): void {
  const meant = (host: string) => (host === 'localhost' ? '' : host);
  if (ofNewer === undefined || meant(ofNewer) === meant(ofAll)) return;
  const source = { name: 'host', value: ofNewer, rank: 0, group: ENVIRONMENT, where: 'MARIADB_HOST' } as const;
  throw refusal(source, 'is read by newer programs of MariaDB alone', 'Give the server in [mysql-ebs-snapshot].');
}

const ENVIRONMENT = 'the environment';

function fromEnvironment(
  name: 'host' | 'socket' | 'port',
  variable: string,
  environment: Surroundings['environment'],
): Source | undefined {
  const value = environment[variable];
  return value ? { name, value, rank: 0, group: ENVIRONMENT, where: variable } : undefined;
}

const atDefault = (socket: string): Source => ({ name: 'socket', value: socket, rank: 0, group: '', where: '' });

function refusal(option: Source, why: string, hint: string): RunError {
  const isSet = option.group === ENVIRONMENT;
  const message = isSet
    ? `${option.where} '${option.value}' in the environment ${why}`
    : `${option.name} '${option.value}' in the option file ${why}: ${placeOf(option)}`;
  return new RunError('usage', message, { hint });
}
