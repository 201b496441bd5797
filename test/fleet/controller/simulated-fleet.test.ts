import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measureFleet } from '../../../scripts/bench-fleet/measure-fleet.ts';
import { bundleController } from './bundle-controller.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulated-fleet-'));
  await bundleController('scripts/bench-fleet/controller.ts', join(folder, 'controller.cjs'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  [200, 'by the words of every host'],
  [600, 'of those that succeeded by the tags of their sets'],
])('the report on %i simulated hosts is right, %s', async (hosts) => {
  const { wrong, calls } = await measureFleet(hosts, 'test', join(folder, 'controller.cjs'));
  expect(wrong).toEqual([]);
  expect(calls.lostToThrottling).toBe(0);
});
