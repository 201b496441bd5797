import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { InstanceId, newRunId, RunId, SnapshotId, setId, VolumeId } from '../../../src/shared/ids.ts';

describe('ids', () => {
  it.each([
    { schema: InstanceId, id: 'i-0123456789abcdef0' },
    { schema: InstanceId, id: 'i-0123abcd' },
    { schema: InstanceId, id: 'mi-0123456789abcdef0' },
    { schema: VolumeId, id: 'vol-0123456789abcdef0' },
    { schema: VolumeId, id: 'vol-0123abcd' },
    { schema: SnapshotId, id: 'snap-0123456789abcdef0' },
    { schema: RunId, id: 'nightly_2026.11-22' },
  ])('takes $id', ({ schema, id }) => {
    expect(v.is(schema, id)).toBe(true);
  });

  it.each([
    { schema: InstanceId, id: 'i-0123456789ABCDEF0' },
    { schema: InstanceId, id: 'i-0123456789abcdef' },
    { schema: InstanceId, id: 'i-0123456789abcdef0\n' },
    { schema: InstanceId, id: 'mi-0123abcd' },
    { schema: VolumeId, id: 'vol0123456789abcdef0' },
    { schema: SnapshotId, id: 'vol-0123456789abcdef0' },
    { schema: RunId, id: '' },
    { schema: RunId, id: '-rf' },
    { schema: RunId, id: 'a/b' },
    { schema: RunId, id: 'a b' },
    { schema: RunId, id: 'r'.repeat(65) },
  ])('refuses $id', ({ schema, id }) => {
    expect(v.is(schema, id)).toBe(false);
  });

  it('says what a value is not, with an example', () => {
    expect(v.safeParse(VolumeId, 'x').issues?.[0].message).toBe('is not a volume id (like vol-0123456789abcdef0)');
  });

  it('names a set by run and instance', () => {
    expect(setId(v.parse(RunId, 'nightly'), v.parse(InstanceId, 'i-0123abcd'))).toBe('nightly/i-0123abcd');
  });
});

describe('newRunId', () => {
  it('tells the time in UTC, and six hex digits', () => {
    expect(newRunId(new Date('2026-11-22T03:04:05.678Z'), '4f2a9c77')).toBe('20261122T030405Z-4f2a9c');
  });

  it('makes a run id at any time, and sorts by it', () => {
    const date = fc.date({ min: new Date('2020-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
    const hex = fc.stringMatching(/^[0-9a-f]{6}$/);
    fc.assert(
      fc.property(date, date, hex, hex, (a, b, left, right) => {
        fc.pre(b.getTime() - a.getTime() >= 1000);
        expect(newRunId(a, left) < newRunId(b, right)).toBe(true);
      }),
    );
  });
});
