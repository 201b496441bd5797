import type { UsedMount } from '../../discovery/facts.ts';
import { reasonNeverToFreeze, splitMounts } from '../mounts.ts';
import type { Check } from './refusal.ts';

/** The lock holds back commits, not page writes: without a freeze an image may hold torn pages. */
export const doublewriteWhereUnfrozen: Check = (facts, request) => {
  if (facts.server.doublewrite) return [];
  return splitMounts(facts, request).synced.map((mount) => ({
    code: 'server-unsupported',
    message: `${mount.mountPoint} would not be frozen and innodb_doublewrite is off: pages in the set could be torn`,
    hint: `Set innodb_doublewrite = ON, or ${otherWay(reasonNeverToFreeze(facts.storage, mount), mount)}.`,
  }));
};

function otherWay(neverFrozen: string | undefined, { isRoot }: UsedMount): string {
  if (neverFrozen === undefined) return 'leave out --freeze never';
  return `move the files off the ${isRoot ? 'root file system' : 'boot volume'}`;
}
