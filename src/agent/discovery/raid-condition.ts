import type { RaidArray } from './facts.ts';

const REDUNDANT = /^raid(1|4|5|6|10)$/;
/** `check` compares and writes nothing; `frozen` is somebody's order not to begin. */
const AT_REST = ['idle', 'check', 'frozen'];

/** How an array fares, in the words that md has for its parts. */
export function arrayCondition(seen: {
  level: string;
  disks: number;
  inSync: number;
  arrayState: string | undefined;
  syncAction: string;
}): RaidArray['state'] {
  const runs = seen.arrayState !== undefined && !['inactive', 'clear', 'broken', 'suspended'].includes(seen.arrayState);
  if (!runs || seen.inSync === 0) return 'incomplete';
  if (!AT_REST.includes(seen.syncAction)) return 'resyncing';
  if (seen.inSync >= seen.disks) return 'whole';
  return REDUNDANT.test(seen.level) ? 'degraded' : 'incomplete';
}
