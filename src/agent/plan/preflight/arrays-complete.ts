import type { RaidArray } from '../../discovery/facts.ts';
import type { Check } from './refusal.ts';

/** A mirror that lost a half still has all data; anything else that is not whole, or is rebuilding, is not taken. */
export const arraysComplete: Check = ({ storage }) =>
  storage.arrays
    .filter((array) => array.state !== 'whole' && !isDegradedMirror(array))
    .map(({ name, level, state, detail, by }) => ({
      code: 'storage-unfit',
      message: `the array ${name} (${level}) is ${state}: ${detail}`,
      hint:
        state === 'resyncing'
          ? `Wait until \`${by === 'lvm' ? `lvs -a -o lv_name,sync_percent ${name}` : 'cat /proc/mdstat'}\` shows ${name} idle.`
          : `Repair the array first; \`${by === 'lvm' ? `lvs -a -o lv_name,lv_health_status,devices ${name}` : `mdadm --detail /dev/${name}`}\` names what is missing.`,
    }));

export const isDegradedMirror = ({ level, state }: RaidArray): boolean =>
  state === 'degraded' && (level === 'raid1' || level === 'raid10');
