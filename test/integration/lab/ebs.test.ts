import { open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { newInstanceId, newVolumeId } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import { loopsBelow } from '../../../src/lab/machine/loop-devices.ts';
import { SnapshotId } from '../../../src/shared/ids.ts';
import { labForTest } from './lab-for-test.ts';

const newSnapshotId = () => v.parse(SnapshotId, newVolumeId().replace('vol-', 'snap-'));

test('a snapshot keeps the bytes of its moment, restores as often as wanted, and goes when it is discarded', async () => {
  await using standing = await labForTest();
  const { ebs } = standing;
  const instance = newInstanceId();
  const [asked, notAsked] = [await ebs.createVolume(instance, 1), await ebs.createVolume(instance, 1)];
  const write = (device: string, value: string) => writeFile(device, value, { flush: true, flag: 'r+' });

  await write(asked.device, 'before');
  const snapshotId = newSnapshotId();
  await ebs.capture(instance, [{ snapshotId, volumeId: asked.volumeId }]);
  await write(asked.device, 'after!');

  await using once = await ebs.restore([snapshotId]);
  const [first] = once.disks;
  if (!first) throw new Error('nothing was restored');
  expect(first).toMatchObject({ volumeId: asked.volumeId, sizeGiB: 1 });
  expect(await head(first.device)).toBe('before');
  await write(first.device, 'copied');
  const twice = await ebs.restore([snapshotId]);
  const [second] = twice.disks;
  expect(await head(second?.device ?? '')).toBe('before');
  expect(await head(asked.device)).toBe('after!');

  await twice[Symbol.asyncDispose]();
  expect(await loopsBelow(standing.lab.path)).not.toContain(second?.device);
  expect(await readdir(join(standing.lab.path, 'pool/restored'))).toEqual(['1']);
  expect(await head(first.device)).toBe('copied');

  await ebs.discardCaptures();
  expect(await readdir(join(standing.lab.path, 'pool/captures'))).toEqual([]);
  expect(await head(first.device)).toBe('copied');
  await expect(ebs.restore([snapshotId])).rejects.toThrow('there is no snapshot');

  await expect(ebs.restore([newSnapshotId()])).rejects.toThrow('there is no snapshot');
  const foreign = { snapshotId: newSnapshotId(), volumeId: notAsked.volumeId };
  await expect(ebs.capture(newInstanceId(), [foreign])).rejects.toThrow(`${notAsked.volumeId} has no bytes on`);
});

async function head(device: string): Promise<string> {
  await using file = await open(device);
  const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0);
  return buffer.toString();
}
