import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  arraysOf,
  type BlockDevice,
  blockGraph,
  leavesOf,
  readBlockDevice,
} from '../../../../src/agent/discovery/block-graph.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { deviceMapper, mdArray, nvme, partitionOf } from '../../../fixtures/described-devices.ts';
import { describedHost, plant, type Tree } from '../../../fixtures/described-host.ts';

const disk = (n: number): Tree => nvme({ name: `nvme${n}n1`, dev: `259:${n}`, serial: `vol0000000000000000${n}` });

interface Md {
  readonly level: string;
  readonly states: readonly string[];
  readonly arrayState?: string;
  readonly syncAction?: string;
  readonly disks?: number;
}

async function readMd({ level, states, arrayState, syncAction, disks }: Md) {
  const members = Object.fromEntries(states.map((state, n) => [`nvme${n}n1`, { slot: slotOf(state, n), state }]));
  const tree = mdArray({
    name: 'md0',
    dev: '9:0',
    level,
    disks: disks ?? states.length,
    members,
    ...(arrayState === undefined ? {} : { arrayState }),
    ...(syncAction === undefined ? {} : { syncAction }),
  });
  const device = await readBlockDevice(describedHost(plant(tree, ...states.map((_, n) => disk(n)))), '9:0');
  if (device === undefined) throw new Error('md0 is described and must be found');
  return { state: device.array?.state, leaves: leavesOf(device).map(({ device: { layer } }) => layer.name) };
}

const slotOf = (state: string, n: number): string => (/in_sync|rebuilding/.test(state) ? String(n) : 'none');

test.each<[string, Md, string, string[]]>([
  ['whole', { level: 'raid1', states: ['in_sync', 'in_sync'] }, 'whole', ['nvme0n1', 'nvme1n1']],
  [
    'active, with a write-mostly half',
    { level: 'raid1', states: ['in_sync', 'in_sync,write_mostly'], arrayState: 'active' },
    'whole',
    ['nvme0n1', 'nvme1n1'],
  ],
  ['a faulty half', { level: 'raid1', states: ['in_sync', 'faulty'] }, 'degraded', ['nvme0n1']],
  ['a half removed', { level: 'raid1', states: ['in_sync'], disks: 2 }, 'degraded', ['nvme0n1']],
  [
    'a hot spare besides',
    { level: 'raid1', states: ['in_sync', 'in_sync', 'spare'], disks: 2 },
    'whole',
    ['nvme0n1', 'nvme1n1'],
  ],
  ['rebuilding', { level: 'raid1', states: ['in_sync', 'spare'], syncAction: 'recover' }, 'resyncing', ['nvme0n1']],
  [
    'after a crash',
    { level: 'raid10', states: ['in_sync', 'in_sync'], syncAction: 'resync' },
    'resyncing',
    ['nvme0n1', 'nvme1n1'],
  ],
  [
    'being checked',
    { level: 'raid5', states: ['in_sync', 'in_sync', 'in_sync'], syncAction: 'check' },
    'whole',
    ['nvme0n1', 'nvme1n1', 'nvme2n1'],
  ],
  [
    'raid6 without one',
    { level: 'raid6', states: ['in_sync', 'in_sync', 'in_sync', 'faulty'] },
    'degraded',
    ['nvme0n1', 'nvme1n1', 'nvme2n1'],
  ],
  [
    'with a journal',
    { level: 'raid5', states: ['in_sync', 'in_sync', 'journal'], disks: 2 },
    'whole',
    ['nvme0n1', 'nvme1n1', 'nvme2n1'],
  ],
  ['a stripe without one', { level: 'raid0', states: ['in_sync'], disks: 2 }, 'incomplete', ['nvme0n1']],
  [
    'broken',
    { level: 'raid0', states: ['in_sync', 'in_sync'], arrayState: 'broken' },
    'incomplete',
    ['nvme0n1', 'nvme1n1'],
  ],
  [
    'not started',
    { level: 'raid1', states: ['in_sync', 'in_sync'], arrayState: 'inactive' },
    'incomplete',
    ['nvme0n1', 'nvme1n1'],
  ],
])('an array: %s', async (_, md, state, leaves) => {
  expect(await readMd(md)).toEqual({ state, leaves });
});

test('a stack of any depth leads to every disk it stands on', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uniqueArray(fc.nat(9), { minLength: 1 }), { minLength: 1, maxLength: 6 }),
      async (stack) => {
        // Each level stands on the level before and on disks of its own.
        const levels = stack.map((disks, level) =>
          deviceMapper({
            name: `dm-${level}`,
            dev: `253:${level}`,
            dmName: `vg-l${level}`,
            uuid: 'LVM-x',
            on: [...(level === 0 ? [] : [`dm-${level - 1}`]), ...disks.map((n) => `nvme${n}n1`)],
          }),
        );
        const host = describedHost(plant(...Array.from({ length: 10 }, (_, n) => disk(n)), ...levels));
        const top = await readBlockDevice(host, `253:${stack.length - 1}`);
        const found = new Set(top === undefined ? [] : leavesOf(top).map(({ device: { layer } }) => layer.name));
        expect(found).toEqual(new Set(stack.flat().map((n) => `nvme${n}n1`)));
      },
    ),
    { numRuns: 50 },
  );
});

/** A device as it was generated, and as it has to be read. */
interface Shape {
  readonly kind: string;
  readonly name: string;
  readonly gib: number;
  readonly below: readonly Shape[];
}
const shapeOf = ({ layer, below }: BlockDevice): Shape => ({
  kind: layer.kind,
  name: layer.name,
  gib: layer.sizeBytes / GIB,
  below: below.map(shapeOf),
});
const GIB = 2 ** 30;
const UUIDS = { 'logical-volume': 'LVM-x', crypt: 'CRYPT-LUKS2-x', 'device-mapper': 'mpath-x' } as const;

test('any stack of partitions, arrays and device-mapper devices is read as it was made', async () => {
  const base = fc.array(fc.record({ gib: fc.integer({ min: 1, max: 65_536 }), partitioned: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  });
  const upper = fc.record({
    kind: fc.constantFrom('raid' as const, 'logical-volume' as const, 'crypt' as const, 'device-mapper' as const),
    gib: fc.integer({ min: 1, max: 65_536 }),
    // Which of the devices made before it stands on, and what md says of each.
    on: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 3 }),
    states: fc.array(fc.constantFrom('in_sync', 'in_sync,write_mostly', 'faulty', 'spare'), { minLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(base, fc.array(upper, { maxLength: 5 }), async (disks, uppers) => {
      const trees: Tree[] = [];
      const made: Shape[] = [];
      for (const [n, { gib, partitioned }] of disks.entries()) {
        const tree = nvme({ name: `nvme${n}n1`, dev: `259:${n}`, gib, serial: `vol0000000000000000${n}` });
        const whole = { kind: 'disk', name: `nvme${n}n1`, gib, below: [] };
        const partition = { name: `nvme${n}n1p1`, dev: `259:${n + 100}`, gib };
        trees.push(partitioned ? partitionOf(tree, partition) : tree);
        made.push(
          partitioned ? { kind: 'partition', name: partition.name, gib: gib - 2 ** -10, below: [whole] } : whole,
        );
      }
      for (const [n, { kind, gib, on, states }] of uppers.entries()) {
        const below = [...new Set(on.map((number) => made[number % made.length]))].filter((each) => each !== undefined);
        const slaves = below.toSorted((one, other) => (one.name < other.name ? -1 : 1));
        const name = kind === 'raid' ? `md${n}` : `dm-${n}`;
        const members = slaves.map(
          (slave, slot) => [slave.name, { slot: String(slot), state: states[slot] ?? '' }] as const,
        );
        const dev = { name, dev: `253:${n}`, gib };
        trees.push(
          kind === 'raid'
            ? mdArray({ ...dev, level: 'raid1', disks: slaves.length, members: Object.fromEntries(members) })
            : deviceMapper({ ...dev, dmName: `name-${n}`, uuid: UUIDS[kind], on: slaves.map((slave) => slave.name) }),
        );
        const holdsData = (_: Shape, slot: number) => kind !== 'raid' || (states[slot] ?? '').startsWith('in_sync');
        made.push({ kind, name, gib, below: slaves.filter(holdsData) });
      }
      const top = await readBlockDevice(
        describedHost(plant(...trees)),
        uppers.length > 0
          ? `253:${uppers.length - 1}`
          : disks.at(-1)?.partitioned
            ? `259:${disks.length + 99}`
            : `259:${disks.length - 1}`,
      );
      expect(top && shapeOf(top)).toEqual(made.at(-1));
    }),
  );
});

test('whatever an attribute says, the answer is a device or a refusal that names the file', async () => {
  const tree = plant(
    mdArray({
      name: 'md0',
      dev: '9:0',
      level: 'raid1',
      disks: 1,
      members: { nvme0n1: { slot: '0', state: 'in_sync' } },
    }),
    disk(0),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(tree.files)), fc.string(), async (path, content) => {
      const host = describedHost({ ...tree, files: { ...tree.files, [path]: content } });
      try {
        const device = await readBlockDevice(host, '9:0');
        expect(device === undefined ? [] : arraysOf(device)).toHaveLength(device?.layer.kind === 'raid' ? 1 : 0);
      } catch (error) {
        expect(error).toBeInstanceOf(RunError);
        expect((error as RunError).message).toContain('/sys/devices/');
      }
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['says so', ['vg-x: 0 2097152 raid raid1 2 AD 8/8 idle 0 0 -'], 'degraded', ['nvme0n1']],
  ['says that all is well', ['vg-x: 0 2097152 raid raid1 2 AA 8/8 idle 0 0 -'], 'whole', ['nvme0n1', 'nvme1n1']],
  ['cannot be asked', ['vg-other: 0 8 linear'], 'incomplete', ['nvme0n1', 'nvme1n1']],
  ['was never asked (a capture of an older version)', [], undefined, ['nvme0n1', 'nvme1n1']],
])('a RAID of LVM, of which dmsetup %s', async (_, dmStatus, state, leaves) => {
  const part = (n: number, dmName: string, on: string) =>
    deviceMapper({ name: `dm-${n}`, dev: `253:${n}`, dmName, uuid: `LVM-${n}`, on: [on] });
  const host = describedHost(
    plant(
      deviceMapper({ name: 'dm-0', dev: '253:0', dmName: 'vg-x', uuid: 'LVM-0', on: ['dm-1', 'dm-2', 'dm-3', 'dm-4'] }),
      ...[part(1, 'vg-x_rmeta_0', 'nvme0n1'), part(2, 'vg-x_rimage_0', 'nvme0n1')],
      ...[part(3, 'vg-x_rmeta_1', 'nvme1n1'), part(4, 'vg-x_rimage_1', 'nvme1n1')],
      ...[disk(0), disk(1), { dmStatus }],
    ),
  );
  const device = await readBlockDevice(host, '253:0');
  expect(device?.array?.state).toBe(state);
  expect(new Set(device && leavesOf(device).map((leaf) => leaf.device.layer.name))).toEqual(new Set(leaves));
});

test('a device that many stand on is read once', async () => {
  const tree = plant(
    disk(0),
    ...[0, 1, 2].map((n) =>
      deviceMapper({ name: `dm-${n}`, dev: `253:${n}`, dmName: `vg-${n}`, uuid: 'LVM-x', on: ['nvme0n1'] }),
    ),
  );
  const host = describedHost(tree);
  const read: string[] = [];
  const readText = (path: string) => {
    read.push(path);
    return host.readText(path);
  };
  const graph = blockGraph({ ...host, readText });
  for (const number of ['253:0', '253:1', '253:2', '253:1']) await graph.withNumber(number);
  expect(read.filter((path) => path.endsWith('nvme0n1/size'))).toHaveLength(1);
});

test('a device that stands on itself is refused', async () => {
  const host = describedHost(deviceMapper({ name: 'dm-0', dev: '253:0', dmName: 'x', uuid: '', on: ['dm-0'] }));
  await expect(readBlockDevice(host, '253:0')).rejects.toMatchObject({ code: 'host-unfit' });
});
