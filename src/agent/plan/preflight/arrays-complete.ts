import type { RaidArray } from '../../discovery/facts.ts';
import type { Check } from './refusal.ts';

/** A mirror that lost a half still has all data; anything else that is not whole, or is rebuilding, is not taken. */
export const arraysComplete: Check = ({ storage }) =>
  storage.arrays
    .filter((array) => array.state !== 'whole' && !isDegradedMirror(array))
    .map(({ name, level, state, detail }) => ({
      code: 'storage-unfit',
      message: `the array ${name} (${level}) is ${state}: ${detail}`,
      hint:
        state === 'resyncing'
          ? `Wait until \`cat /proc/mdstat\` shows ${name} idle.`
          : `Put the array right first; \`mdadm --detail /dev/${name}\` names what is missing.`,
    }));

export const isDegradedMirror = ({ level, state }: RaidArray): boolean =>
  state === 'degraded' && (level === 'raid1' || level === 'raid10');
