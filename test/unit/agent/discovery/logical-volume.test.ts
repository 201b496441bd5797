import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logicalVolumeOf } from '../../../../src/agent/discovery/logical-volume.ts';

test.each([
  ['ebs-binlog', { group: 'ebs', name: 'binlog' }],
  ['dbvg-mysql--data', { group: 'dbvg', name: 'mysql-data' }],
  ['vg-pool_tdata', { group: 'vg', name: 'pool_tdata' }],
  ['vg-pool-tpool', { group: 'vg', name: 'pool' }],
  ['vg--a---x', { group: 'vg-a-', name: 'x' }],
  ['whole', undefined],
  ['odd-', undefined],
])('%s', (dmName, expected) => {
  expect(logicalVolumeOf(dmName)).toEqual(expected);
});

test('whatever LVM takes as names is told again', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]{0,20}$/);
  fc.assert(
    fc.property(name, name, (group, volume) => {
      const dmName = [group, volume].map((part) => part.replaceAll('-', '--')).join('-');
      expect(logicalVolumeOf(dmName)).toEqual({ group, name: volume });
    }),
  );
});
