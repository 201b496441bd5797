import type { RaidArray } from './facts.ts';
import { arrayCondition } from './raid-condition.ts';

/** A target of a device-mapper device, as `dmsetup status` tells it. */
export interface Target {
  readonly type: string;
  readonly parameters: readonly string[];
}

/** The lines of `dmsetup status`, like `vg-data: 0 1048576 raid raid1 2 AA 1048576/1048576 idle 0 0 -`: device -> its targets. */
export function parseDmStatus(text: string): ReadonlyMap<string, readonly Target[]> {
  const devices = new Map<string, Target[]>();
  for (const line of text.split('\n')) {
    const [, name, type, rest = ''] = /^(.+): \d+ \d+ (\S+)(.*)$/.exec(line) ?? [];
    if (name === undefined || type === undefined) continue;
    const targets = devices.get(name) ?? [];
    targets.push({ type, parameters: rest.split(' ').filter((word) => word !== '') });
    devices.set(name, targets);
  }
  return devices;
}

/** One letter a leg: A is alive and in sync [doc: dm-raid, "Status Output"; the same for dm-mirror]. */
interface Legs {
  readonly level: string;
  readonly letters: string;
  readonly synced: string;
  readonly action: string;
}

/** `raid1 2 AA 1600/1600 idle 0 0 -`, or of a mirror of old `2 253:1 253:2 1600/1600 1 AA 3 disk 253:0 A`. */
function legsOf({ type, parameters }: Target): Legs | undefined {
  if (type === 'mirror') {
    const count = Number(parameters[0]);
    const [synced, , letters] = parameters.slice(1 + count);
    return synced === undefined || letters === undefined
      ? undefined
      : { level: 'raid1', letters, synced, action: 'idle' };
  }
  const [variant = '', , letters, synced, action = 'idle'] = parameters;
  // Of `raid5_ls` or `raid10_near` the layout is left out: it changes nothing here.
  const level = /^raid\d+/.exec(variant)?.[0];
  return level === undefined || letters === undefined || synced === undefined
    ? undefined
    : { level, letters, synced, action };
}

/** Which legs hold no data that may be read, by their numbers. */
export const deadLegs = (target: Target): readonly number[] =>
  [...(legsOf(target)?.letters ?? '')].flatMap((letter, leg) =>
    /^[ADSRF-]$/.test(letter) && letter !== 'A' ? [leg] : [],
  );

/** The number of the leg that a part of a RAID belongs to, by the name that LVM gives it: `vg-data_rimage_1`, `vg-data_rmeta_1`. */
export function legNumber(dmName: string): number | undefined {
  const [, number] = /_(?:rimage|rmeta|mimage)_(\d{1,4})$/.exec(dmName) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** How a RAID of LVM fares; one whose status is not told, or not in a way that is known, counts as incomplete. */
export function raidOf(target: Target | undefined, name: string): RaidArray {
  const legs = target && legsOf(target);
  if (legs === undefined) {
    const detail = target
      ? `its status is not understood: ${[target.type, ...target.parameters].join(' ')}`
      : 'dmsetup, which tells how its legs fare, cannot be asked';
    return { name, level: 'raid', state: 'incomplete', detail, by: 'lvm' };
  }
  const { level, letters, synced, action } = legs;
  const inSync = [...letters].filter((letter) => letter === 'A').length;
  // During the first synchronisation no leg counts as in sync yet.
  const alive = action === 'resync' ? letters.replaceAll(/[^Aa]/g, '').length : inSync;
  const [done, all] = synced.split('/');
  const isSyncing = done !== all && !/[DF-]/.test(letters);
  const state = arrayCondition({
    level,
    disks: letters.length,
    inSync: alive,
    arrayState: 'active',
    syncAction: isSyncing && action === 'idle' ? 'resync' : action,
  });
  const doing = action === 'idle' ? '' : `, doing ${action}`;
  return { name, level, state, detail: `${inSync} of ${letters.length} legs in sync (${letters})${doing}`, by: 'lvm' };
}
