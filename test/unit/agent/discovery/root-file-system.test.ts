import { expect, test } from 'vitest';
import { parseMountinfo } from '../../../../src/agent/discovery/mountinfo.ts';
import { rootFileSystems } from '../../../../src/agent/discovery/root-file-system.ts';

const devices = (...lines: string[]) => [...rootFileSystems(parseMountinfo(lines.join('\n')))];

const DATA = '3 1 259:1 / /data rw - xfs /dev/nvme1n1 rw';

test('the root file system is what is mounted on /', () => {
  expect(devices('1 0 259:0 / / rw - ext4 /dev/nvme0n1p1 rw', DATA)).toEqual(['259:0']);
});

test('where / is an overlay, what its layers lie on holds it as well', () => {
  const overlay = '1 0 0:50 / / rw - overlay overlay rw,lowerdir=/ro,upperdir=/data/up,workdir=/data/work';
  expect(devices(overlay, '2 1 259:5 / /ro ro - squashfs /dev/nvme0n1p2 ro', DATA)).toEqual(['0:50', '259:1', '259:5']);
});

test('the layers of a container are paths of the host, which lead nowhere here but to / itself', () => {
  const overlay =
    '1 0 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/a:/var/lib/docker/b,upperdir=/var/lib/docker/c,workdir=/var/lib/docker/d';
  expect(devices(overlay, DATA)).toEqual(['0:50']);
});
