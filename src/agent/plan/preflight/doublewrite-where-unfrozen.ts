import type { ServerFacts, UsedMount } from '../../discovery/facts.ts';
import { reasonNeverToFreeze, splitMounts } from '../mounts.ts';
import type { Check } from './refusal.ts';

/** The lock holds back commits, not page writes: without a freeze an image may hold torn pages. */
export const doublewriteWhereUnfrozen: Check = (facts, request) => {
  const { server, storage } = facts;
  const reason = whyNotProven(server);
  if (reason === undefined) return [];
  return splitMounts(facts, request).synced.map((mount) => ({
    code: 'server-unsupported',
    message: `${mount.mountPoint} would not be frozen and ${reason}: pages in the set could be torn`,
    hint: `${server.doublewrite ? 'Restart the server with' : 'Set'} innodb_doublewrite = ON, or ${otherWay(reasonNeverToFreeze(storage, mount), mount)}.`,
  }));
};

/** MariaDB keeps no time of a change, only that there was one since its start [doc: GLOBAL_VALUE_ORIGIN]. */
function whyNotProven({ doublewrite, version, watched }: ServerFacts): string | undefined {
  if (!doublewrite) return 'innodb_doublewrite is off';
  const wasSet = watched.some(({ name, trace }) => name === 'innodb_doublewrite' && trace === 'SQL');
  return version.flavour === 'mariadb' && wasSet
    ? 'innodb_doublewrite was set by SET GLOBAL since the server started, so a further change would leave no trace'
    : undefined;
}

function otherWay(neverFrozen: string | undefined, { isRoot }: UsedMount): string {
  if (neverFrozen === undefined) return 'leave out --freeze never';
  return `move the files off the ${isRoot ? 'root file system' : 'boot volume'}`;
}
