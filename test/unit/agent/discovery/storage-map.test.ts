import { describe, expect, test } from 'vitest';
import { mapStorage } from '../../../../src/agent/discovery/storage-map.ts';
import type { InstanceFacts } from '../../../../src/agent/ports.ts';
import { describedHost } from '../../../fixtures/described-host.ts';

const INSTANCE = { instanceId: 'i-0123456789abcdef0', region: 'r', name: 'n', rootDevice: undefined, volumes: [] };
/** Two mount points that differ in a byte which is no UTF-8: whoever reads them as text cannot tell them apart. */
const MOUNTINFO = Buffer.concat([
  Buffer.from('1 0 8:0 / / rw - xfs /dev/sda rw\n2 1 8:1 / /db-'),
  Buffer.from([0xff]),
  Buffer.from(' rw - xfs /dev/sdb rw\n3 1 8:2 / /db-'),
  Buffer.from([0xfe]),
  Buffer.from(' rw - xfs /dev/sdc rw\n'),
]).toString();

const map = (datadir: string) =>
  mapStorage(
    describedHost({ files: { '/proc/self/mountinfo': MOUNTINFO } }),
    { files: [{ role: 'data', path: datadir }], temporaryFolders: [] },
    INSTANCE as unknown as InstanceFacts,
  );

test.each([
  ['/db-\ufffd/mysql', '/db-\ufffd/mysql'],
  ['/', '/db-\ufffd'],
])('a set never depends on a path that is not UTF-8: %s', async (datadir, named) => {
  await expect(map(datadir)).rejects.toMatchObject({
    code: 'files-unresolved',
    message: `the path ${named} is not UTF-8, so it cannot be told from others`,
  });
});

describe('a mount table that stat contradicts', () => {
  const [before, after] = ['1 0 8:0 / / rw - xfs /dev/sda rw\n', '2 1 8:1 / /data rw - xfs /dev/sdb rw\n'];
  const files = [{ role: 'data' as const, path: '/data/mysql' }];
  const look = (tables: readonly string[], numbers: Record<string, string>) => {
    const host = describedHost({ numbers });
    let read = 0;
    return mapStorage(
      { ...host, readText: async () => tables[Math.min(read++, tables.length - 1)] },
      { files, temporaryFolders: [] },
      INSTANCE as unknown as InstanceFacts,
    );
  };

  test('is read again: kernels before 5.8 may have left a mount out', async () => {
    const numbers = { '/data/mysql': '8:1', '/data': '8:1' };
    const { mounts } = await look([before, before, `${before}${after}`], numbers);
    expect(mounts.map(({ mountPoint }) => mountPoint)).toEqual(['/data']);
  });

  test.each([
    [
      before,
      { '/data/mysql': '8:1' },
      '/data/mysql is on the device 8:1, but /proc/self/mountinfo shows it on / (8:0)',
    ],
    [
      `${before}${after}`,
      { '/data/mysql': '8:1', '/data': '8:7' },
      '/data is on the device 8:7, but /proc/self/mountinfo shows it on /data (8:1)',
    ],
  ])('and is refused where it stays so, at the files and at the mount points', async (table, numbers, message) => {
    await expect(look([table], numbers)).rejects.toMatchObject({ code: 'files-unresolved', message });
  });

  test('is believed of what has an anonymous number, or is gone', async () => {
    const overlay = '1 0 0:40 / / rw - overlay overlay rw\n';
    expect((await look([overlay], { '/data/mysql': '0:41' })).mounts).toHaveLength(1);
    expect((await look([before], {})).mounts).toHaveLength(1);
  });
});

test('such a path elsewhere on the host is nobody’s concern', async () => {
  expect((await map('/data')).mounts.map(({ mountPoint }) => mountPoint)).toEqual(['/']);
});
