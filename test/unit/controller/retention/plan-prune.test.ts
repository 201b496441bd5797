import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeepRules } from '../../../../src/controller/retention/keep-rules.ts';
import { type PruneFacts, planPrune, type Verdict } from '../../../../src/controller/retention/plan-prune.ts';
import { whyUnattributed } from '../../../../src/controller/sets/attribution.ts';
import { groupByServer, serverKeys } from '../../../../src/controller/sets/servers.ts';
import { isGood, type SnapshotSet } from '../../../../src/controller/sets/snapshot-set.ts';
import { TAG } from '../../../../src/shared/tags.ts';
import { instance, serverTags, setOf, volume } from '../sets/some-sets.ts';

const NONE: KeepRules = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, withinMs: 0, minimum: 1 };
const FACTS: PruneFacts = { attachments: new Map(), locked: new Set(), retired: new Set() };
const HOUR_MS = 3_600_000;
const plan = (sets: readonly SnapshotSet[], rules: Partial<KeepRules>, facts: Partial<PruneFacts> = {}) =>
  planPrune(sets, { ...NONE, ...rules }, { ...FACTS, ...facts });
const line = ({ set, fate, because }: Verdict) =>
  `${set.startTime.toISOString().slice(0, 16)} ${fate} ${because.join(', ')}`;

/** Every six hours for 800 days back from a moment in the middle of a week. */
const LONG_HISTORY = Array.from({ length: 3200 }, (_unused, index) =>
  setOf(new Date(Date.parse('2026-11-26T03:00:00Z') - index * 6 * HOUR_MS).toISOString()),
);

describe('of two years, four sets a day', () => {
  it.each<[name: string, rules: Partial<KeepRules>]>([
    ['keep-last-3', { last: 3 }],
    ['grandfather-father-son', { last: 2, hourly: 3, daily: 7, weekly: 5, monthly: 12, yearly: 3 }],
    ['within-two-days', { withinMs: 48 * HOUR_MS, monthly: 2 }],
    ['minimum-5', { minimum: 5 }],
  ])('%s', async (name, rules) => {
    const verdicts = plan(LONG_HISTORY, rules);
    const kept = verdicts.filter(({ fate }) => fate === 'keep').map(line);
    const text = [...kept, `${verdicts.length - kept.length} deleted`, ''].join('\n');
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, `${name}.golden.txt`));
  });
});

describe('what is not good', () => {
  const night = (day: number, how = {}) => setOf(`2026-11-${day}T03:00:00Z`, how);

  it('goes once the host has a newer good set, and counts for nothing', () => {
    const sets = [night(26, { grade: 'unproven' }), night(25), night(24, { grade: 'broken' }), night(23)];
    expect(plan(sets, { last: 2 }).map(line)).toEqual([
      '2026-11-26T03:00 keep the host has no newer good set',
      '2026-11-25T03:00 keep newest good, last',
      '2026-11-24T03:00 delete it is broken, and the host has a newer good set',
      '2026-11-23T03:00 keep last',
    ]);
  });

  it('is finished where only a part of it was deleted', () => {
    const whole = night(24);
    const half = { ...whole, state: 'partial', members: whole.members.slice(1) } as const;
    expect(plan([night(25), half], { last: 5 }).map(({ fate }) => fate)).toEqual(['keep', 'delete']);
  });

  it('stays while EBS works on it', () => {
    const sets = [night(26), night(25, { state: 'pending' })];
    expect(plan(sets, {}).map(line)).toContain('2026-11-25T03:00 keep EBS has not completed it yet');
  });
});

describe('what outweighs the rules', () => {
  const old = setOf('2026-11-01T03:00:00Z');
  const young = setOf('2026-11-26T03:00:00Z');

  it('a lock on one member', () => {
    const locked = new Set(old.members.slice(1).map(({ snapshotId }) => snapshotId));
    expect(plan([young, old], {}, { locked })[1]).toMatchObject({
      fate: 'keep',
      because: [expect.stringContaining('locked')],
    });
  });

  it('a set that only says it is of the host: it stays, and pushes nothing out', () => {
    const forged = setOf('2026-11-27T03:00:00Z', { tags: { [TAG.owner]: `AROAHOSTROLE000000001:${instance(2)}` } });
    expect(plan([forged, young], { last: 1 }).map(line)).toEqual([
      expect.stringContaining('2026-11-27T03:00 keep nothing but its own tags'),
      '2026-11-26T03:00 keep newest good, last',
    ]);
  });

  it("a volume that is another host's now", () => {
    const attachments = new Map([[volume(101), instance(2)]]);
    expect(plan([young, old], {}, { attachments }).map(({ fate }) => fate)).toEqual(['keep', 'keep']);
  });

  it('the newest verified set', () => {
    const verified = setOf('2026-11-02T03:00:00Z', { tags: { [TAG.verified]: '2026-11-03T00:00:00Z' } });
    expect(plan([young, verified, old], {}).map(line)).toEqual([
      '2026-11-26T03:00 keep newest good',
      '2026-11-02T03:00 keep newest verified',
      '2026-11-01T03:00 delete no rule keeps it',
    ]);
  });
});

describe('whatever the sets and the rules', () => {
  const anySet = fc
    .record({
      minutes: fc.integer({ min: 0, max: 1_500_000 }),
      host: fc.integer({ min: 1, max: 3 }),
      grade: fc.constantFrom('application', 'crash', 'unproven', 'broken'),
      state: fc.constantFrom('completed' as const, 'completed' as const, 'pending' as const, 'error' as const),
      verified: fc.boolean(),
      owned: fc.integer({ min: 0, max: 9 }),
    })
    .map(({ minutes, verified, owned, ...how }) =>
      setOf(new Date(Date.parse('2024-01-01T00:00:00Z') + minutes * 60_000).toISOString(), {
        ...how,
        tags: { ...(verified && { [TAG.verified]: 'x' }), ...(owned === 0 && { [TAG.owner]: 'AIDASOMEBODY' }) },
      }),
    );
  const anySets = fc.uniqueArray(anySet, { selector: ({ set }) => set, maxLength: 40 });
  const few = fc.integer({ min: 0, max: 4 });
  const anyRules = fc.record({
    last: few,
    hourly: few,
    daily: few,
    weekly: few,
    monthly: few,
    yearly: few,
    withinMs: fc.integer({ min: 0, max: 90 * 24 * HOUR_MS }),
    minimum: fc.integer({ min: 1, max: 5 }),
  });
  const kept = (verdicts: readonly Verdict[]) => verdicts.filter(({ fate }) => fate === 'keep').map(({ set }) => set);

  it('every set has one fate', () => {
    fc.assert(
      fc.property(anySets, anyRules, (sets, rules) => {
        expect(new Set(planPrune(sets, rules, FACTS).map(({ set }) => set))).toEqual(new Set(sets));
      }),
    );
  });

  it('no host loses its newest good or newest verified set, nor comes below the minimum', () => {
    fc.assert(
      fc.property(anySets, anyRules, (sets, rules) => {
        const left = new Set(kept(planPrune(sets, rules, FACTS)));
        for (const host of new Set(sets.map((set) => set.instance))) {
          const good = sets
            .filter((set) => set.instance === host && isGood(set))
            .sort((a, b) => b.startTime.getTime() - a.startTime.getTime());
          expect(good.filter((set) => left.has(set)).length).toBeGreaterThanOrEqual(
            Math.min(rules.minimum, good.length),
          );
          for (const newest of [good[0], good.find(({ verified }) => verified)])
            if (newest?.members[0]?.tags[TAG.owner]?.startsWith('AROA')) expect(left).toContain(newest);
        }
      }),
    );
  });

  it('done once, there is nothing left to do', () => {
    fc.assert(
      fc.property(anySets, anyRules, (sets, rules) => {
        const left = kept(planPrune(sets, rules, FACTS));
        expect(kept(planPrune(left, rules, FACTS))).toEqual(left);
      }),
    );
  });

  it('more rules keep more', () => {
    fc.assert(
      fc.property(anySets, anyRules, anyRules, (sets, a, b) => {
        const both = Object.fromEntries(
          Object.keys(a).map((key) => [key, Math.max(a[key as keyof KeepRules], b[key as keyof KeepRules])]),
        );
        const left = new Set(kept(planPrune(sets, both as unknown as KeepRules, FACTS)));
        for (const set of kept(planPrune(sets, a, FACTS))) expect(left).toContain(set);
      }),
    );
  });

  it("one host's sets say nothing of another's", () => {
    fc.assert(
      fc.property(anySets, anyRules, (sets, rules) => {
        const [first] = sets;
        const alone = sets.filter((set) => set.instance === first?.instance);
        const together = planPrune(sets, rules, FACTS).filter(({ set }) => set.instance === first?.instance);
        expect(planPrune(alone, rules, FACTS)).toEqual(together);
      }),
    );
  });
});

describe('two servers of one host', () => {
  const night = (day: number, datadir: string, how = {}) =>
    setOf(`2026-11-${day}T03:00:00Z`, { ...how, tags: serverTags(datadir) });

  it('count each for itself', () => {
    const sets = [night(26, '/b'), night(25, '/a'), night(24, '/b'), night(23, '/a')];
    expect(plan(sets, { last: 1 }).map(line)).toEqual([
      '2026-11-26T03:00 keep newest good, last',
      '2026-11-24T03:00 delete no rule keeps it',
      '2026-11-25T03:00 keep newest good, last',
      '2026-11-23T03:00 delete no rule keeps it',
    ]);
  });

  it("do not make each other's broken sets superfluous", () => {
    const sets = [night(26, '/b'), night(25, '/a', { grade: 'broken' })];
    expect(plan(sets, { last: 1 }).map(line)).toEqual([
      '2026-11-26T03:00 keep newest good, last',
      '2026-11-25T03:00 keep the server has no newer good set',
    ]);
  });
});

describe('a server that is retired', () => {
  const night = (day: number, datadir: string, how = {}) =>
    setOf(`2026-11-${day}T03:00:00Z`, { ...how, tags: serverTags(datadir) });
  const [young, old, older] = [night(26, '/b'), night(25, '/a'), night(24, '/a')];
  const sets = [young, old, older, night(23, '/b', { grade: 'broken' })];
  const keyOf = (set: SnapshotSet) => serverKeys(sets).get(set) ?? '';
  const retiring = (set: SnapshotSet) => ({ retired: new Set([keyOf(set)]) });

  it('loses all its sets, and without rules no other loses any', () => {
    const verdicts = planPrune(sets, undefined, { ...FACTS, ...retiring(old) });
    expect(verdicts.map(line)).toEqual([
      '2026-11-26T03:00 keep no rule is given',
      '2026-11-23T03:00 keep no rule is given',
      '2026-11-25T03:00 delete its server is retired',
      '2026-11-24T03:00 delete its server is retired',
    ]);
    expect(plan(sets, { last: 1 }, retiring(old)).map(({ fate }) => fate)).toEqual([
      ...['keep', 'delete'],
      ...['delete', 'delete'],
    ]);
  });

  it('keeps what is locked', () => {
    const locked = new Set(older.members.map(({ snapshotId }) => snapshotId));
    expect(plan(sets, { last: 1 }, { ...retiring(old), locked }).map(line)).toContainEqual(
      expect.stringMatching(/^2026-11-24T03:00 keep .* is locked$/),
    );
  });

  it('is none that has the newest good set of its host, nor one that is not there', () => {
    expect(() => plan(sets, {}, retiring(young))).toThrow(/has the newest good set of i-/);
    expect(() => plan(sets, {}, { retired: new Set(['0123456789ab']) })).toThrow(/no server '0123456789ab' to retire/);
  });

  it('is not retired for a set that only says that it is of the host', () => {
    const forged = setOf('2026-11-27T03:00:00Z', {
      tags: { ...serverTags('/c'), [TAG.owner]: `AROAHOSTROLE000000001:${instance(2)}` },
    });
    expect(() => plan([forged, ...sets], {}, retiring(young))).toThrow(/has the newest good set of i-/);
  });
});

describe('whatever the servers of two hosts', () => {
  const UUIDS = ['8a94f357-aab4-11df-86ab-c80aa9429562', '9b94f357-aab4-11df-86ab-c80aa9429562'];
  const setOfServer = fc
    .record({
      minutes: fc.integer({ min: 0, max: 1_500_000 }),
      host: fc.integer({ min: 1, max: 2 }),
      members: fc.integer({ min: 1, max: 2 }),
      from: fc.integer({ min: 0, max: 2 }),
      grade: fc.constantFrom('application', 'crash', 'broken'),
      datadir: fc.constantFrom(undefined, '/a', '/b'),
      uuid: fc.constantFrom(undefined, ...UUIDS),
      verified: fc.boolean(),
      owned: fc.integer({ min: 0, max: 9 }),
    })
    .map(({ minutes, datadir, uuid, verified, owned, ...how }) =>
      setOf(new Date(Date.parse('2024-01-01T00:00:00Z') + minutes * 60_000).toISOString(), {
        ...how,
        tags: {
          ...serverTags(datadir, uuid),
          ...(verified && { [TAG.verified]: 'x' }),
          ...(owned === 0 && { [TAG.owner]: 'AIDASOMEBODY' }),
        },
      }),
    );
  const manySets = fc.uniqueArray(setOfServer, { selector: ({ set }) => set, maxLength: 40, size: 'max' });
  // Most rules are not given: with all of them little is deleted.
  const few = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 4 }));
  const fewRules = fc.record({
    ...{ last: few, hourly: few, daily: few, weekly: few, monthly: few, yearly: few },
    withinMs: fc.constantFrom(0, 90 * 24 * HOUR_MS),
    minimum: fc.integer({ min: 1, max: 3 }),
  });
  const kept = (sets: readonly SnapshotSet[], rules: KeepRules) =>
    new Set(
      planPrune(sets, rules, FACTS)
        .filter(({ fate }) => fate === 'keep')
        .map(({ set }) => set),
    );

  it('none loses its newest good or newest verified set, nor comes below the minimum', () => {
    fc.assert(
      fc.property(manySets, fewRules, (sets, rules) => {
        const left = kept(sets, rules);
        for (const server of groupByServer(sets)) {
          const good = server.sets.filter((set) => isGood(set));
          const proven = good.filter((set) => whyUnattributed(set, FACTS.attachments) === undefined);
          expect(good.filter((set) => left.has(set)).length).toBeGreaterThanOrEqual(
            Math.min(rules.minimum, good.length),
          );
          for (const newest of [proven[0], proven.find(({ verified }) => verified)])
            if (newest !== undefined) expect(left).toContain(newest);
        }
      }),
    );
  });

  it("one's sets say nothing of another's", () => {
    fc.assert(
      fc.property(manySets, fewRules, (sets, rules) => {
        // Whose an older set is, is told by what there is besides.
        const told = sets.filter(({ server }) => server.datadir !== undefined);
        const left = kept(told, rules);
        for (const server of groupByServer(told))
          expect(kept(server.sets, rules)).toEqual(new Set(server.sets.filter((set) => left.has(set))));
      }),
    );
  });

  it('done once, there is nothing left to do', () => {
    fc.assert(
      fc.property(manySets, fewRules, (sets, rules) => {
        // Of older sets of MariaDB, whose they are is told by what there is besides.
        const told = sets.filter(({ server }) => server.datadir !== undefined || server.uuid !== undefined);
        const left = kept(told, rules);
        expect(kept([...left], rules)).toEqual(left);
      }),
    );
  });
});
