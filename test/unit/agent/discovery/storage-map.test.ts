import { expect, test } from 'vitest';
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

test('such a path elsewhere on the host is nobody’s concern', async () => {
  expect((await map('/data')).mounts.map(({ mountPoint }) => mountPoint)).toEqual(['/']);
});
