import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChangeKind, describeChange, flushSettings } from '../../../../src/lab/changes/change.ts';
import { planChanges } from '../../../../src/lab/changes/change-plan.ts';

const KINDS: readonly ChangeKind[] = ['flush setting', 'flush setting and back', 'redo log off', 'table elsewhere'];
const kindsOf = (flavour: 'mysql' | 'mariadb', kinds = KINDS, count = 200) =>
  new Set(planChanges('friday', count, flavour, kinds).map(({ change }) => change.kind));

test('a seed draws the same changes again, another one others', () => {
  expect(planChanges('friday', 20, 'mysql', KINDS)).toEqual(planChanges('friday', 20, 'mysql', KINDS));
  expect(planChanges('friday', 20, 'mysql', KINDS)).not.toEqual(planChanges('monday', 20, 'mysql', KINDS));
});

test('every kind is drawn that was asked for, and none else; MariaDB never disables its redo log', () => {
  expect(kindsOf('mysql')).toEqual(new Set(KINDS));
  expect(kindsOf('mariadb')).toEqual(new Set(KINDS.filter((kind) => kind !== 'redo log off')));
  expect(kindsOf('mysql', ['table elsewhere'])).toEqual(new Set(['table elsewhere']));
  expect(kindsOf('mariadb', ['redo log off'])).toEqual(new Set());
});

test('a kind that is named twice is drawn twice as often', () => {
  const drawn = planChanges('friday', 3_000, 'mysql', ['redo log off', 'table elsewhere', 'table elsewhere']);
  const tables = drawn.filter(({ change }) => change.kind === 'table elsewhere').length;
  expect(tables / drawn.length).toBeCloseTo(2 / 3, 1);
});

test.each(['mysql', 'mariadb'] as const)(
  'of %s every flush setting is drawn with every value, and none is 1',
  (flavour) => {
    const texts = planChanges('friday', 300, flavour, ['flush setting']).map(({ change }) => describeChange(change));
    const all = flushSettings(flavour).map(({ setting, value }) => `${setting} set to ${value}`);
    expect(new Set(texts)).toEqual(new Set(all));
    expect(flushSettings(flavour).map(({ value }) => value)).not.toContain(1);
  },
);

test('moments and durations are fractions, and every table has a name of its own', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 60 }), (seed, count) => {
      const changes = planChanges(seed, count, 'mysql', KINDS);
      expect(changes.map(({ number }) => number)).toEqual(changes.map((_, index) => index + 1));
      for (const { moment, lasts } of changes) {
        expect(moment).toBeGreaterThanOrEqual(0);
        expect(moment).toBeLessThan(1);
        expect(lasts).toBeGreaterThanOrEqual(0);
        expect(lasts).toBeLessThan(1);
      }
      const tables = changes.flatMap(({ change }) => (change.kind === 'table elsewhere' ? [change.table] : []));
      expect(new Set(tables).size).toBe(tables.length);
    }),
  );
});
