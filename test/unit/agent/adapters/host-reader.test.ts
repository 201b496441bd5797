import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hostReader } from '../../../../src/agent/adapters/host-reader.ts';
import { parseMountinfo } from '../../../../src/agent/discovery/mountinfo.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'host-reader-')));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'shop/deep'), { recursive: true });
writeFileSync(join(folder, 'file'), 'text');
symlinkSync('file', join(folder, 'link'));
symlinkSync('nowhere', join(folder, 'dangling'));
symlinkSync('round', join(folder, 'round'));
symlinkSync('../file', join(folder, 'shop/table'));
symlinkSync('../../file', join(folder, 'shop/deep/partition'));

test('what is not there is undefined, whichever way it is asked', async () => {
  for (const path of ['missing', 'file/below', 'dangling', 'round', 'file\0', 'x'.repeat(5000)].map((name) =>
    join(folder, name),
  )) {
    expect([
      await hostReader.readText(path),
      await hostReader.list(path),
      await hostReader.realPath(path),
      await hostReader.owner(path),
      await hostReader.freeSpace(path),
      await hostReader.deviceNumber(path),
      await hostReader.holders(path),
    ]).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, undefined]);
  }
});

test('a path is followed through its links', async () => {
  expect(await hostReader.realPath(join(folder, 'shop/table'))).toBe(join(folder, 'file'));
  expect(await hostReader.readText(join(folder, 'link'))).toBe('text');
});

test('symbolic links are found as deep as asked, and not followed', async () => {
  const found = async (depth: number) =>
    (await hostReader.symlinksBelow(folder, depth)).map((path) => path.slice(folder.length + 1));
  expect(await found(1)).toEqual(['dangling', 'link', 'round']);
  expect(await found(2)).toEqual(['dangling', 'link', 'round', 'shop/table']);
  expect(await found(3)).toEqual(['dangling', 'link', 'round', 'shop/deep/partition', 'shop/table']);
});

test('what a file system has left, as df tells it to those who are not root', async () => {
  const df = execFileSync('df', ['--output=avail,itotal,iavail', '--block-size=1', '/dev/shm'], { encoding: 'utf8' });
  const [bytes, total, inodes] = (df.split('\n')[1] ?? '').trim().split(/\s+/).map(Number);
  expect(await hostReader.freeSpace('/dev/shm')).toEqual({ bytes, inodes: total === 0 ? null : inodes });
});

test('the mounts of this very machine are understood', async () => {
  const mounts = parseMountinfo((await hostReader.readText('/proc/self/mountinfo')) ?? '');
  expect(mounts.map(({ mountPoint }) => mountPoint)).toContain('/');
});

test('the device number of a mount point is that of the mount table', async () => {
  const mounts = parseMountinfo((await hostReader.readText('/proc/self/mountinfo')) ?? '');
  for (const place of ['/proc', '/sys', '/dev']) {
    const shown = mounts.findLast(({ mountPoint }) => mountPoint === place)?.majorMinor;
    expect(await hostReader.deviceNumber(place)).toBe(shown);
  }
});

test('an index that is a link, a FIFO or has no end is not read: the account of the server may have put it there', async () => {
  const logs = join(folder, 'hostile');
  mkdirSync(logs);
  const index = join(logs, 'relay.index');
  const refusal = async (make: () => unknown) => {
    make();
    const error = await hostReader.indexedLogs(index).catch((thrown: unknown) => thrown);
    rmSync(index);
    return error;
  };
  for (const [make, why] of [
    [() => symlinkSync(join(folder, 'file'), index), 'symbolic link'],
    [() => symlinkSync('/dev/zero', index), 'symbolic link'],
    [() => execFileSync('mkfifo', [index]), 'not a regular file'],
    [() => execFileSync('truncate', ['--size=1G', index]), 'has 1073741824 bytes'],
  ] as const) {
    expect(await refusal(make)).toMatchObject({ code: 'files-unresolved', message: expect.stringContaining(why) });
  }
});

test('an index of logs is read with those of the channels beside it, and refused where it cannot be', async () => {
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const index = join(logs, 'relay.index');
  expect(await hostReader.indexedLogs(index)).toEqual([]);
  const lines = Array.from({ length: 10_000 }, (_, number) => `/relay/relay.${String(number).padStart(6, '0')}`);
  writeFileSync(index, `${lines.join('\n')}\n`);
  writeFileSync(join(logs, 'relay-west.index'), './relay-west.000001');
  writeFileSync(join(logs, 'relay2.index'), '/of/another.000001\n');
  expect([...((await hostReader.indexedLogs(index)) ?? [])].toSorted()).toEqual(
    ['./relay-west.000001', ...lines].toSorted(),
  );
  writeFileSync(join(logs, 'relay-west.index'), Buffer.from([0x2f, 0xff, 0x0a]));
  await expect(hostReader.indexedLogs(index)).rejects.toMatchObject({ code: 'files-unresolved' });
  rmSync(join(logs, 'relay-west.index'));
  rmSync(index);
  mkdirSync(index);
  await expect(hostReader.indexedLogs(index)).rejects.toMatchObject({
    code: 'files-unresolved',
    message: expect.stringContaining(`${index} cannot be read`),
  });
});
