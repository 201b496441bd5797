import { expect, test } from 'vitest';
import { pathsBelow } from '../../../../src/agent/discovery/paths-below.ts';
import { loop } from '../../../fixtures/described-devices.ts';
import { describedHost, plant, type Tree } from '../../../fixtures/described-host.ts';

const HOST: Tree = plant(
  {
    files: {
      '/proc/self/mountinfo': [
        '27 1 254:0 / / rw - ext4 /dev/vda rw',
        '28 27 7:1 / /data rw - xfs /dev/loop1 rw',
        '29 27 0:50 / /merged rw - overlay overlay rw,lowerdir=/usr,upperdir=/data/upper,workdir=/data/work',
        '30 27 0:51 / /container rw - overlay overlay rw,lowerdir=/l,upperdir=/var/lib/docker/a\\040b,workdir=/usr',
        '31 27 7:2 / /nested rw - ext4 /dev/loop2 rw',
        '32 27 7:3 / /circle rw - ext4 /dev/loop3 rw',
        '33 27 7:4 / /deleted rw - ext4 /dev/loop4 rw',
        '36 27 0:53 / /relative rw - overlay overlay rw,lowerdir=/usr,upperdir=usr,workdir=/usr',
        '34 27 0:52 / /readonly ro - overlay overlay ro,lowerdir=/data/upper:/usr',
        '35 27 7:5 / /broken rw - ext4 /dev/loop5 rw',
        '',
      ].join('\n'),
    },
    folders: ['/data/upper', '/data/work', '/usr', '/merged/image', '/circle/image', '/data/image'],
  },
  loop({ name: 'loop1', dev: '7:1', backingFile: '/data.img' }),
  loop({ name: 'loop2', dev: '7:2', backingFile: '/merged/image' }),
  loop({ name: 'loop3', dev: '7:3', backingFile: '/circle/image' }),
  loop({ name: 'loop4', dev: '7:4', backingFile: '/data/gone (deleted)' }),
  loop({ name: 'loop5', dev: '7:5', backingFile: '/data/image' }),
  { folders: ['/data.img'], files: { '/sys/devices/virtual/block/loop5/size': 'many' } },
);
const below = (path: string) => pathsBelow(describedHost(HOST))(path);
const upper = { path: '/data/upper', via: 'the upperdir of the overlay at /merged' };
const work = { path: '/data/work', via: 'the workdir of the overlay at /merged' };

test('on a device of its own, nowhere else', async () => {
  expect(await below('/etc/agent')).toEqual([]);
});

test('an overlay writes to its upper layer, which may lie on a loop device; its lower layers are only read', async () => {
  const backing = { path: '/data.img', via: 'the backing file of loop1, mounted at /data' };
  expect(await below('/merged/tmp')).toEqual([upper, work, backing]);
  expect(await below('/readonly/x')).toEqual([]);
});

test('a loop device is followed through the overlay that its backing file lies on', async () => {
  expect(await below('/nested/x')).toEqual([
    { path: '/merged/image', via: 'the backing file of loop2, mounted at /nested' },
    upper,
    work,
    { path: '/data.img', via: 'the backing file of loop1, mounted at /data' },
  ]);
});

test('what leads to itself comes to an end', async () => {
  expect(await below('/circle/x')).toHaveLength(1);
});

test.each([
  ['/container/tmp', 'the upperdir of the overlay at /container, /var/lib/docker/a b, is not in this mount namespace'],
  ['/relative/x', 'the upperdir of the overlay at /relative, usr, is not in this mount namespace'],
  [
    '/deleted/x',
    'the backing file of loop4, mounted at /deleted, /data/gone (deleted), is not in this mount namespace',
  ],
  ['/broken/x', expect.stringContaining('/sys/devices/virtual/block/loop5/size is not a number')],
])('%s: what cannot be followed is said so', async (path, unknown) => {
  expect(await below(path)).toContainEqual({ unknown });
});
