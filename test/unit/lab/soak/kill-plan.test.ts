import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementAt, planKills } from '../../../../src/lab/soak/kill-plan.ts';

test('a seed draws the same kills again, another one others', () => {
  expect(planKills('friday', 20)).toEqual(planKills('friday', 20));
  expect(planKills('friday', 20)).not.toEqual(planKills('monday', 20));
});

test('the kills are spread over the whole run: one in each slice of it, in no order', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 60 }), (seed, kills) => {
      const moments = planKills(seed, kills).map(({ moment }) => moment);
      const slices = moments.map((moment) => Math.floor(moment * kills));
      expect(slices.toSorted((a, b) => a - b)).toEqual(moments.map((_, index) => index));
    }),
  );
  const moments = planKills('friday', 50).map(({ moment }) => moment);
  expect(moments).not.toEqual(moments.toSorted((a, b) => a - b));
});

test('every kind of victim is drawn, and the latency stays between its bounds', () => {
  const kills = planKills('friday', 200);
  expect(new Set(kills.map(({ victim }) => elementAt([1, 2, 3, 4, 5], victim))).size).toBe(5);
  const latencies = kills.map(({ apiLatencyMs }) => apiLatencyMs);
  expect(Math.min(...latencies)).toBeGreaterThanOrEqual(200);
  expect(Math.max(...latencies)).toBeLessThanOrEqual(400);
});

test('an empty list has no element', () => {
  expect(elementAt([], 0.5)).toBeUndefined();
});
