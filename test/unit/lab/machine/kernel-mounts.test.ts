import { expect, test } from 'vitest';
import { parseMountinfo } from '../../../../src/lab/machine/kernel-mounts.ts';

test('roots, mount points and types, with optional fields, none of them, and octal escapes', () => {
  const text = `36 35 98:0 / / rw,noatime master:1 - ext4 /dev/root rw
37 36 7:1 /a /mnt/two\\040words rw - xfs /dev/loop1 rw,attr2
38 36 7:2 / /mnt/b rw shared:1 master:2 propagate_from:2 - btrfs /dev/loop2 rw
`;
  expect(parseMountinfo(text)).toEqual([
    { root: '/', mountPoint: '/', fsType: 'ext4', source: '/dev/root' },
    { root: '/a', mountPoint: '/mnt/two words', fsType: 'xfs', source: '/dev/loop1' },
    { root: '/', mountPoint: '/mnt/b', fsType: 'btrfs', source: '/dev/loop2' },
  ]);
});
