import type { ServerVersion } from './facts.ts';

/** Whether a server is of this version or a later one; of which flavour it is, is the caller's to know. */
export const atLeast = (version: ServerVersion, major: number, minor: number, patch = 0): boolean => {
  if (version.major !== major) return version.major > major;
  return version.minor !== minor ? version.minor > minor : version.patch >= patch;
};

/** Flavour and version, like `mariadb 10.11.19`. */
export const describeVersion = ({ flavour, major, minor, patch }: ServerVersion): string =>
  `${flavour} ${major}.${minor}.${patch}`;

/**
 * Whether crash recovery leaves DDL and account statements whole or not at all [doc: Atomic DDL; MySQL 8.0 has its
 * dictionary and its accounts in InnoDB, MariaDB 10.6 a log of its own for DDL].
 */
export const hasAtomicDdl = (version: ServerVersion): boolean =>
  version.flavour === 'mariadb' ? atLeast(version, 10, 6) : atLeast(version, 8, 0);

/** Keyrings as components came with MySQL 8.0.24; they show nowhere but in the performance schema. */
export const hasKeyringComponents = (version: ServerVersion): boolean =>
  version.flavour !== 'mariadb' && atLeast(version, 8, 0, 24);
