import { expect, test } from 'vitest';
import { planWorldChanges } from '../../../../src/lab/soak/change-plan.ts';
import { planKills } from '../../../../src/lab/soak/kill-plan.ts';
import { planSoak } from '../../../../src/lab/soak/soak-plan.ts';
import { planStops, STOPPED } from '../../../../src/lab/soak/stop-plan.ts';
import { STORAGE_CHANGES } from '../../../../src/lab/soak/storage-change.ts';

test('a seed draws the same again, another one others', () => {
  expect(planSoak('friday', 40, 'mariadb')).toEqual(planSoak('friday', 40, 'mariadb'));
  expect(planStops('friday', 40)).not.toEqual(planStops('monday', 40));
});

test.each([
  [1, 1, 1],
  [8, 1, 2],
  [60, 6, 15],
  [200, 20, 50],
])(
  '%i kills are all drawn, each in its order, with %i stops and %i changes on top of them',
  (kills, stops, changes) => {
    const plan = planSoak('friday', kills, 'mariadb');
    expect(plan.filter(({ kind }) => kind === 'kill')).toEqual(planKills('friday', kills));
    expect(plan.filter(({ kind }) => kind === 'stop')).toEqual(planStops('friday', kills));
    expect(plan.filter(({ kind }) => kind === 'change')).toEqual(planWorldChanges('friday', kills, 'mariadb'));
    expect(planStops('friday', kills)).toHaveLength(stops);
    expect(planWorldChanges('friday', kills, 'mariadb')).toHaveLength(changes);
  },
);

test('the stops come among the kills, not before or after them', () => {
  const places = planSoak('friday', 200, 'mariadb').flatMap(({ kind }, index) => (kind === 'stop' ? [index] : []));
  const gaps = places.map((place, index) => place - (places[index - 1] ?? -1));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(16);
  expect(places.at(-1)).toBeGreaterThan(250);
});

test('the stops are spread over the whole run, and meet the agent alone and its process group', () => {
  const stops = planStops('friday', 200);
  const slices = stops.map(({ moment }) => Math.floor(moment * stops.length));
  expect(slices.toSorted((a, b) => a - b)).toEqual(stops.map((_, index) => index));
  expect(new Set(stops.map(({ whom }) => whom))).toEqual(new Set(STOPPED));
});

test('the changes are of server and storage in turn, every kind among them but what the flavour cannot do', () => {
  const changes = planWorldChanges('friday', 200, 'mariadb').map(({ change }) => change);
  expect(changes.map(({ of }) => of)).toEqual(changes.map((_, index) => (index % 2 === 0 ? 'server' : 'storage')));
  expect(new Set(changes.map(({ of, change }) => (of === 'server' ? change.kind : change)))).toEqual(
    new Set(['flush setting', 'flush setting and back', 'table elsewhere', ...STORAGE_CHANGES]),
  );
});
