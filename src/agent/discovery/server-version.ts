import type { ServerVersion } from './facts.ts';

/** Whether a server is of this version or a later one; of which flavour it is, is the caller's to know. */
export const atLeast = (version: ServerVersion, major: number, minor: number, patch = 0): boolean => {
  if (version.major !== major) return version.major > major;
  return version.minor !== minor ? version.minor > minor : version.patch >= patch;
};

/** Keyrings as components came with MySQL 8.0.24; they show nowhere but in the performance schema. */
export const hasKeyringComponents = (version: ServerVersion): boolean =>
  version.flavour !== 'mariadb' && atLeast(version, 8, 0, 24);
