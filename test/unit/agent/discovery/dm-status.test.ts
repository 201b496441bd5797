import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deadLegs, legNumber, parseDmStatus, raidOf } from '../../../../src/agent/discovery/dm-status.ts';

const target = (line: string) => {
  const [found] = parseDmStatus(`vg-data: 0 2097152 ${line}\n`).get('vg-data') ?? [];
  if (found === undefined) throw new Error(`not understood: ${line}`);
  return found;
};

test('every device has its targets, whatever its name', () => {
  const text =
    'vg-a: 0 8 linear \nodd: name: 0 8 thin-pool 1 10/512 3/4 -\nvg-a: 8 8 striped 2 \nempty: \nNo devices found\n';
  const devices = parseDmStatus(text);
  expect([...devices.keys()]).toEqual(['vg-a', 'odd: name']);
  expect(devices.get('vg-a')?.map(({ type }) => type)).toEqual(['linear', 'striped']);
});

// As the kernel's Documentation/admin-guide/device-mapper/dm-raid.rst and dm-log of a mirror have it.
test.each([
  ['raid raid1 2 AA 2097152/2097152 idle 0 0 -', 'raid1', 'whole', []],
  ['raid raid1 2 AA 2097152/2097152 check 0 0 -', 'raid1', 'whole', []],
  ['raid raid1 2 AD 2097152/2097152 idle 0 0 -', 'raid1', 'degraded', [1]],
  ['raid raid1 2 DA 0/2097152 idle 0 0 -', 'raid1', 'degraded', [0]],
  ['raid raid1 2 A- 2097152/2097152 idle 0 0 -', 'raid1', 'degraded', [1]],
  ['raid raid1 2 Aa 524288/2097152 recover 0 0 -', 'raid1', 'resyncing', []],
  ['raid raid1 2 aa 0/2097152 resync 0 0 -', 'raid1', 'resyncing', []],
  ['raid raid1 2 DD 2097152/2097152 idle 0 0 -', 'raid1', 'incomplete', [0, 1]],
  ['raid raid10_near 4 AAAD 8/8 idle 0 0 -', 'raid10', 'degraded', [3]],
  ['raid raid5_ls 3 AAA 8/8 idle 0 0 -', 'raid5', 'whole', []],
  ['raid raid5_ls 3 ADA 8/8 idle 0 0 -', 'raid5', 'degraded', [1]],
  ['raid raid6_zr 5 AAAAA 4/8 reshape 0 0 -', 'raid6', 'resyncing', []],
  ['raid raid0 2 AA 8/8 idle 0 0 -', 'raid0', 'whole', []],
  ['raid raid0 2 AD 8/8 idle 0 0 -', 'raid0', 'incomplete', [1]],
  ['raid raid1 2 AA 2097152/2097152', 'raid1', 'whole', []],
  ['mirror 2 253:1 253:2 1600/1600 1 AA 3 disk 253:0 A', 'raid1', 'whole', []],
  ['mirror 2 253:1 253:2 1600/1600 1 AD 3 disk 253:0 A', 'raid1', 'degraded', [1]],
  ['mirror 2 253:1 253:2 400/1600 1 AA 1 core', 'raid1', 'resyncing', []],
  ['raid something else', 'raid', 'incomplete', []],
])('%s', (line, level, state, dead) => {
  expect(raidOf(target(line), 'vg/data')).toMatchObject({ name: 'vg/data', level, state });
  expect(deadLegs(target(line))).toEqual(dead);
});

test.each([
  ['vg-data_rimage_1', 1],
  ['vg-data_rmeta_12', 12],
  ['vg-data_mimage_0', 0],
  ['vg-data', undefined],
  ['vg-data_rimage_1_extracted', undefined],
])('%s is a part of leg %s', (name, leg) => {
  expect(legNumber(name)).toBe(leg);
});

test('any text is devices and targets, and any status a verdict', () => {
  const word = fc.oneof(fc.constantFrom('raid', 'mirror', 'raid1', '2', 'AA', 'AD', '8/8', 'idle', '0'), fc.string());
  fc.assert(
    fc.property(fc.array(word), (words) => {
      for (const [name, targets] of parseDmStatus(`x: 0 8 ${words.join(' ')}`)) {
        for (const each of targets) expect(raidOf(each, name).detail).not.toBe('');
      }
    }),
  );
});
