import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { BlockDevice } from '../../../../src/agent/discovery/block-graph.ts';
import { identifyVolume } from '../../../../src/agent/discovery/volume-ids.ts';
import type { AttachedVolume } from '../../../../src/agent/ports.ts';
import { VolumeId } from '../../../../src/shared/ids.ts';

const leaf = (name: string, more: Partial<BlockDevice> = {}): BlockDevice => ({
  layer: { kind: 'disk', name, sizeBytes: 2 ** 30 },
  below: [],
  serial: undefined,
  model: undefined,
  backingFile: undefined,
  array: undefined,
  ...more,
});
const volume = (id: string, device: string): AttachedVolume => ({
  volumeId: v.parse(VolumeId, id),
  sizeGiB: 1,
  device,
  tags: {},
});
const NEW = volume('vol-0123456789abcdef0', '/dev/sdf');
const OLD = volume('vol-1234abcd', '/dev/sdg');

const resolved = (device: BlockDevice, volumes: AttachedVolume[], names: string[] = [device.layer.name]): string => {
  const identity = identifyVolume(device, volumes, names);
  return 'reason' in identity ? identity.reason : identity.volume.volumeId;
};

test.each<[string, BlockDevice, string]>([
  ['an NVMe serial', leaf('nvme1n1', { serial: 'vol0123456789abcdef0' }), NEW.volumeId],
  ['an old volume of 8 digits', leaf('nvme1n1', { serial: 'vol1234abcd' }), OLD.volumeId],
  ['a virtio serial', leaf('vdb', { serial: 'vol0123456789abcdef0' }), NEW.volumeId],
  ['a volume of somebody else', leaf('nvme1n1', { serial: 'vol0fffffffffffffff0' }), 'no-volume'],
  ['a serial cut short', leaf('nvme1n1', { serial: 'vol0123456789abcde' }), 'no-volume'],
  ['instance store by its model', leaf('nvme1n1', { model: 'Amazon EC2 NVMe Instance Storage' }), 'instance-store'],
  ['instance store by its serial', leaf('nvme1n1', { serial: 'AWS123' }), 'instance-store'],
  ['a Xen disk under its sd name', leaf('xvdf'), NEW.volumeId],
  ['a disk that only resembles an attachment', leaf('sdg1'), 'no-volume'],
])('%s', (_, device, expected) => {
  expect(resolved(device, [NEW, OLD], ['xvdf', 'xvdg', device.layer.name])).toBe(expected);
});

test('the serial is believed before the name', () => {
  expect(resolved(leaf('xvdg', { serial: 'vol0123456789abcdef0' }), [NEW, OLD])).toBe(NEW.volumeId);
});

test('two attachments that could be one Xen disk resolve to neither', () => {
  expect(resolved(leaf('xvdf'), [NEW, volume('vol-1234abcd', '/dev/xvdf')])).toBe('several-volumes');
});

test('the exact Xen name wins over the disk that it is a partition of', () => {
  const first = volume('vol-11111111', '/dev/sdf1');
  const second = volume('vol-22222222', '/dev/sdf2');
  expect(resolved(leaf('xvdf2'), [first, second], ['xvdf1', 'xvdf2'])).toBe(second.volumeId);
  expect(resolved(leaf('xvdf'), [first, second])).toBe('several-volumes');
});

test('a device-mapper device with nothing below it is no volume', () => {
  expect(resolved(leaf('dm-3', { layer: { kind: 'logical-volume', name: 'dm-3', sizeBytes: 2 ** 30 } }), [NEW])).toBe(
    'no-volume',
  );
});
