import { RunError } from '../../shared/errors.ts';
import type { ServerVersion } from './facts.ts';
import { notUnderstood } from './variables.ts';

/**
 * `10.11.19-MariaDB-0+deb12u1-log`, `8.4.3`, `8.0.36-28` (Percona names itself in the comment alone); MySQL's calendar
 * versions, like `26.7`, may come without a third number.
 */
export function parseVersion(version: string, comment: string): ServerVersion {
  const [, major, minor, patch = '0'] =
    /^(?:5\.5\.5-)?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?![\d.])/.exec(version) ?? [];
  if (major === undefined || minor === undefined) throw notUnderstood('version', version);
  const numbers = { major: Number(major), minor: Number(minor), patch: Number(patch) };
  if (/mariadb/i.test(`${version} ${comment}`)) return { flavour: 'mariadb', ...numbers };
  return { flavour: /percona/i.test(comment) ? 'percona' : 'mysql', ...numbers };
}

/** Whether a server is of this version or a later one; of which flavour it is, is the caller's to know. */
export const atLeast = (version: ServerVersion, major: number, minor: number, patch = 0): boolean => {
  if (version.major !== major) return version.major > major;
  return version.minor !== minor ? version.minor > minor : version.patch >= patch;
};

/** Flavour and version, like `mariadb 10.11.19`. */
export const describeVersion = ({ flavour, major, minor, patch }: ServerVersion): string =>
  `${flavour} ${major}.${minor}.${patch}`;

/**
 * `oldest`: before it, what the agent asks does not exist, and an empty answer would be taken for "none" (MySQL 5.6 does
 * not list InnoDB's files). `newest`: the newest that the agent was tried with. Percona's numbers are MySQL's.
 */
const MYSQL_BOUNDS = { oldest: [5, 7], newest: [9, 7] } as const;
const BOUNDS = {
  mysql: MYSQL_BOUNDS,
  percona: MYSQL_BOUNDS,
  mariadb: { oldest: [10, 3], newest: [11, 8] },
} as const;

/** Throws RunError `server-unsupported` where the server is older than what the agent's questions are made for. */
export function refuseTooOld(version: ServerVersion): void {
  const [major, minor] = BOUNDS[version.flavour].oldest;
  if (atLeast(version, major, minor)) return;
  throw new RunError(
    'server-unsupported',
    `${describeVersion(version)} is too old: it does not list all of its files, and the agent needs ${version.flavour} ${major}.${minor} or later`,
    { hint: 'Upgrade the server, or snapshot a replica of it that runs a supported version.' },
  );
}

/** The newest series that was tried, like `9.7`, where this server is of a later one. */
export function newestTried({ flavour, major, minor }: ServerVersion): string | undefined {
  const [newestMajor, newestMinor] = BOUNDS[flavour].newest;
  const isLater = major !== newestMajor ? major > newestMajor : minor > newestMinor;
  return isLater ? `${newestMajor}.${newestMinor}` : undefined;
}

/**
 * Whether crash recovery leaves DDL and account statements whole or not at all [doc: Atomic DDL; MySQL 8.0 has its
 * dictionary and its accounts in InnoDB]. MariaDB says so of itself from 10.6 on, and was seen to fail on 10.11 and 11.8.
 */
export const hasAtomicDdl = (version: ServerVersion): boolean =>
  version.flavour !== 'mariadb' && atLeast(version, 8, 0);

/** Whether SUPER allows what has a privilege of its own [doc: MariaDB 11.0.1 took that away]. */
export const superIsAll = (version: ServerVersion): boolean =>
  version.flavour !== 'mariadb' || !atLeast(version, 11, 0, 1);

/** Keyrings as components came with MySQL 8.0.24; they show nowhere but in the performance schema. */
export const hasKeyringComponents = (version: ServerVersion): boolean =>
  version.flavour !== 'mariadb' && atLeast(version, 8, 0, 24);
