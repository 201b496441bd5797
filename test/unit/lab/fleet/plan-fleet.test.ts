import { expect, test } from 'vitest';
import { planFleet } from '../../../../src/lab/fleet/plan-fleet.ts';
import { printedResult } from '../../../../src/lab/fleet/printed-result.ts';
import { simulatedSet } from '../../../../src/lab/fleet/simulated-set.ts';
import { type RunId, setId } from '../../../../src/shared/ids.ts';
import { encodeResult, RESULT_BYTES } from '../../../../src/shared/result.ts';
import { TAG, TAG_LIMITS } from '../../../../src/shared/tags.ts';

const RUN = 'run' as RunId;

test('the same seed makes the same fleet, another one another', () => {
  expect(planFleet(300, 'friday')).toEqual(planFleet(300, 'friday'));
  expect(planFleet(300, 'friday')).not.toEqual(planFleet(300, 'monday'));
});

test('every fate has its share, and of a small fleet at least one host', () => {
  const counts = (hosts: number) => {
    const found: Record<string, number> = {};
    for (const { fate } of planFleet(hosts, 'friday')) found[fate] = (found[fate] ?? 0) + 1;
    return found;
  };
  expect(counts(10_000)).toEqual({
    done: 9_450,
    'lock-timeout': 150,
    'set-broken': 20,
    'grade-unwritten': 10,
    'storage-unfit': 100,
    'thaw-failed': 10,
    killed: 20,
    'killed-with-set': 10,
    undeliverable: 70,
    'invalid-platform': 10,
    'access-denied': 10,
    'dropped-out': 50,
    unmanaged: 30,
    'member-fails': 40,
    'member-fails-late': 20,
  });
  expect(Object.keys(counts(100)).sort()).toEqual(Object.keys(counts(10_000)).sort());
});

test('a member that fails after the end of the run is of a host that is served last, and fails before it is completed', () => {
  const fleet = planFleet(2_000, 'friday');
  const late = fleet.flatMap((host, place) => (host.fate === 'member-fails-late' ? [{ host, place }] : []));
  for (const { host, place } of late) {
    expect(place).toBeGreaterThanOrEqual(1_900);
    expect(host.memberFailsMs).toBeGreaterThan(2 * 40_000);
    expect(host.memberFailsMs).toBeLessThan(host.completionMs);
  }
});

test('what a host prints fits, and its set carries the tags of a real one', () => {
  for (const host of planFleet(200, 'friday')) {
    const result = printedResult(host, RUN);
    if (result !== undefined) expect(Buffer.byteLength(encodeResult(result))).toBeLessThanOrEqual(RESULT_BYTES);
    const set = simulatedSet(host, RUN, 'application', Date.parse('2026-11-22T03:00:00Z'));
    for (const { tags } of set) {
      const own = Object.values(TAG).filter((key) => key !== TAG.verified && key !== TAG.gtid);
      expect([...tags.keys()]).toEqual(expect.arrayContaining([...own, 'Team']));
      expect(tags.get(TAG.set)).toBe(setId(RUN, host.instanceId));
      for (const value of tags.values()) expect(value.length).toBeLessThanOrEqual(TAG_LIMITS.value);
    }
    expect(new Set(set.map(({ snapshotId }) => snapshotId)).size).toBe(2);
  }
});
