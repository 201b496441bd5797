import { splitMounts } from '../mounts.ts';
import type { Check } from './refusal.ts';

/** The lock holds back commits, not page writes: without a freeze an image may hold torn pages. */
export const doublewriteWhereUnfrozen: Check = (facts, request) => {
  if (facts.server.doublewrite) return [];
  return splitMounts(facts, request).synced.map(({ mountPoint, isRoot }) => ({
    code: 'server-unsupported',
    message: `${mountPoint} would not be frozen and innodb_doublewrite is off: pages in the set could be torn`,
    hint: isRoot
      ? 'Set innodb_doublewrite = ON, or move the files off the root file system.'
      : 'Set innodb_doublewrite = ON, or leave out --freeze never.',
  }));
};
