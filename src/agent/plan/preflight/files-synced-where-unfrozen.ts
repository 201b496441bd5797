import { splitMounts } from '../mounts.ts';
import { leavesSyncingOut } from './flush-method.ts';
import type { Check } from './refusal.ts';

/**
 * The lock holds back commits, not page writes, and the sync under it covers what was written before: between the two
 * InnoDB's own order of redo log, doublewrite and pages counts, which rests on its syncing.
 */
export const filesSyncedWhereUnfrozen: Check = (facts, request) => {
  const { server } = facts;
  if (!leavesSyncingOut(server)) return [];
  return splitMounts(facts, request).synced.map(({ mountPoint, isRoot }) => ({
    code: 'server-unsupported',
    message: `${mountPoint} would not be frozen and innodb_flush_method is ${server.flushMethod}: what InnoDB has written may not have reached the volume`,
    hint: `Set innodb_flush_method = O_DIRECT in the option file and restart the server${isRoot ? '' : ', or leave out --freeze never'}.`,
  }));
};
