import { open, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { newInstanceId, newVolumeId } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import { SnapshotId } from '../../../src/shared/ids.ts';
import { labForTest } from './lab-for-test.ts';

const newSnapshotId = () => v.parse(SnapshotId, newVolumeId().replace('vol-', 'snap-'));

test('a snapshot keeps the bytes of its moment, restores as often as wanted, and knows its members only', async () => {
  await using standing = await labForTest();
  const { ebs } = standing;
  const instance = newInstanceId();
  const [asked, notAsked] = [await ebs.createVolume(instance, 1), await ebs.createVolume(instance, 1)];
  const write = (device: string, value: string) => writeFile(device, value, { flush: true, flag: 'r+' });

  await write(asked.device, 'before');
  const snapshotId = newSnapshotId();
  await ebs.capture(instance, [{ snapshotId, volumeId: asked.volumeId }]);
  await write(asked.device, 'after!');

  const [first] = await ebs.restore([snapshotId]);
  if (!first) throw new Error('nothing was restored');
  expect(first).toMatchObject({ volumeId: asked.volumeId, sizeGiB: 1 });
  expect(await head(first.device)).toBe('before');
  await write(first.device, 'copied');
  const [second] = await ebs.restore([snapshotId]);
  expect(await head(second?.device ?? '')).toBe('before');
  expect(await head(asked.device)).toBe('after!');

  await expect(ebs.restore([newSnapshotId()])).rejects.toThrow('there is no snapshot');
  const foreign = { snapshotId: newSnapshotId(), volumeId: notAsked.volumeId };
  await expect(ebs.capture(newInstanceId(), [foreign])).rejects.toThrow(`${notAsked.volumeId} has no bytes on`);
});

async function head(device: string): Promise<string> {
  await using file = await open(device);
  const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0);
  return buffer.toString();
}
