import { describe, expect, it, test } from 'vitest';
import type { Snapshot } from '../../../../src/controller/ports.ts';
import { whyUnattributed } from '../../../../src/controller/sets/attribution.ts';
import { gatherSets } from '../../../../src/controller/sets/gather-sets.ts';
import { isGood } from '../../../../src/controller/sets/snapshot-set.ts';
import { TAG } from '../../../../src/shared/tags.ts';
import { instance, setOf, snapshotsOf, volume } from './some-sets.ts';

const stateOf = (snapshots: readonly Snapshot[]) => gatherSets(snapshots).sets.map(({ state }) => state);
const changed = (snapshots: readonly Snapshot[], index: number, change: Partial<Snapshot>) =>
  snapshots.map((each, at) => (at === index ? { ...each, ...change } : each));
const NIGHT = '2026-11-26T03:00:00Z';

describe('a set', () => {
  it('is put together from its members, whatever else there is, newest first', () => {
    const { sets, orphans } = gatherSets([
      ...snapshotsOf('2026-11-25T03:00:00Z'),
      ...snapshotsOf(NIGHT, { host: 2, members: 3 }),
      ...snapshotsOf(NIGHT, { tags: { [TAG.set]: 'no set at all' } }),
    ]);
    expect(sets.map(({ set, name, members, state }) => [set, name, members.length, state])).toEqual([
      [`20261126T030000Z/${instance(2)}`, 'db-2', 3, 'complete'],
      [`20261125T030000Z/${instance(1)}`, 'db-1', 2, 'complete'],
    ]);
    expect(orphans).toHaveLength(2);
  });

  test.each<[what: string, state: string, snapshots: Snapshot[]]>([
    ['a member is gone', 'partial', snapshotsOf(NIGHT).slice(1)],
    ['a member is pending', 'pending', changed(snapshotsOf(NIGHT), 1, { state: 'pending' })],
    ['a member has failed', 'failed', changed(snapshotsOf(NIGHT), 1, { state: 'error' })],
    ['a member is in the Recycle Bin', 'partial', changed(snapshotsOf(NIGHT), 1, { state: 'recoverable' })],
    ['there are more than it was made with', 'contradictory', snapshotsOf(NIGHT, { tags: { [TAG.members]: '1' } })],
    ['it was made with none', 'contradictory', snapshotsOf(NIGHT, { tags: { [TAG.members]: '' } })],
    ['a volume is in it twice', 'contradictory', changed(snapshotsOf(NIGHT), 1, { volumeId: volume(100) })],
    ['its instance is another', 'contradictory', snapshotsOf(NIGHT, { tags: { [TAG.instance]: instance(2) } })],
  ])('where %s is %s', (_what, state, snapshots) => {
    expect(stateOf(snapshots)).toEqual([state]);
  });

  it('whose members do not agree is contradictory; whose grade was raised by half is partial', () => {
    const [one, two] = [snapshotsOf(NIGHT), snapshotsOf(NIGHT, { grade: 'unproven' })];
    const joined = (tags: Record<string, string>) => changed(one, 1, { tags: { ...one[1]?.tags, ...tags } });
    expect(stateOf(joined({ [TAG.owner]: 'AROAOTHER:i-1' }))).toEqual(['contradictory']);
    expect(stateOf(joined({ [TAG.grade]: two[0]?.tags[TAG.grade] ?? '' }))).toEqual(['partial']);
  });

  it('is good where it is complete, and graded so', () => {
    const good = ['application', 'crash', 'unproven', 'broken', 'excellent'].filter((grade) =>
      isGood(setOf(NIGHT, { grade })),
    );
    expect(good).toEqual(['application', 'crash']);
    expect(isGood(setOf(NIGHT, { state: 'pending' }))).toBe(false);
  });
});

describe('whose a set is', () => {
  const unstamped = { tags: { [TAG.owner]: 'AIDAADMINISTRATOR' } };

  it('IAM tells by the session that it stamped', () => {
    expect(whyUnattributed(setOf(NIGHT), new Map())).toBeUndefined();
  });

  it('EC2 tells by where the volumes are', () => {
    const here = new Map([100, 101].map((number) => [volume(number), instance(1)]));
    expect(whyUnattributed(setOf(NIGHT, unstamped), here)).toBeUndefined();
    expect(whyUnattributed(setOf(NIGHT, unstamped), new Map([[volume(100), instance(1)]]))).toContain('own tags');
  });

  it('its own word alone does not tell', () => {
    expect(whyUnattributed(setOf(NIGHT, unstamped), new Map())).toContain('own tags');
    const another = { tags: { [TAG.owner]: `AROAHOSTROLE000000001:${instance(2)}` } };
    expect(whyUnattributed(setOf(NIGHT, another), new Map())).toContain('own tags');
  });

  it('a volume of another instance outweighs all', () => {
    expect(whyUnattributed(setOf(NIGHT), new Map([[volume(101), instance(7)]]))).toContain(
      `attached to ${instance(7)}`,
    );
  });
});
