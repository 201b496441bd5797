import { expect, test } from 'vitest';
import { planKills } from '../../../../src/lab/soak/kill-plan.ts';
import { planSoak } from '../../../../src/lab/soak/soak-plan.ts';
import { planStops, STOPPED } from '../../../../src/lab/soak/stop-plan.ts';

test('a seed draws the same again, another one others', () => {
  expect(planSoak('friday', 40)).toEqual(planSoak('friday', 40));
  expect(planStops('friday', 40)).not.toEqual(planStops('monday', 40));
});

test.each([
  [1, 1],
  [8, 1],
  [60, 6],
  [200, 20],
])('%i kills are all drawn, each in its order, with %i stops on top of them', (kills, stops) => {
  const plan = planSoak('friday', kills);
  expect(plan.filter(({ kind }) => kind === 'kill')).toEqual(planKills('friday', kills));
  expect(plan.filter(({ kind }) => kind === 'stop')).toEqual(planStops('friday', kills));
  expect(planStops('friday', kills)).toHaveLength(stops);
});

test('the stops come among the kills, not before or after them', () => {
  const places = planSoak('friday', 200).flatMap(({ kind }, index) => (kind === 'stop' ? [index] : []));
  const gaps = places.map((place, index) => place - (places[index - 1] ?? -1));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(14);
  expect(places.at(-1)).toBeGreaterThan(200);
});

test('the stops are spread over the whole run, and meet the agent alone and its process group', () => {
  const stops = planStops('friday', 200);
  const slices = stops.map(({ moment }) => Math.floor(moment * stops.length));
  expect(slices.toSorted((a, b) => a - b)).toEqual(stops.map((_, index) => index));
  expect(new Set(stops.map(({ whom }) => whom))).toEqual(new Set(STOPPED));
});
