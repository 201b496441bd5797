import type { ServerFacts, ServerVersion } from '../../discovery/facts.ts';
import { atLeast } from '../../discovery/server-version.ts';

/** Whether what InnoDB has written may not have reached the volume although it was synced: `innodb_flush_method` leaves it out. */
export const leavesSyncingOut = ({ flushMethod, version }: ServerFacts): boolean =>
  unsynced(version).includes(flushMethod.toUpperCase());

/**
 * Methods that leave the syncing to chance [doc: innodb_flush_method]. O_DIRECT_NO_FSYNC did not sync the growth of a
 * file before MySQL 5.7.25 and 8.0.14, nor does it on MariaDB, which from 11.0 on syncs whatever the method's name is.
 */
function unsynced(version: ServerVersion): readonly string[] {
  if (version.flavour === 'mariadb') return atLeast(version, 11, 0) ? [] : [...NEVER, GROWTH_UNSYNCED];
  const syncsGrowth = version.major < 8 ? atLeast(version, 5, 7, 25) : atLeast(version, 8, 0, 14);
  return syncsGrowth ? NEVER : [...NEVER, GROWTH_UNSYNCED];
}

const NEVER = ['NOSYNC', 'LITTLESYNC'];
const GROWTH_UNSYNCED = 'O_DIRECT_NO_FSYNC';
