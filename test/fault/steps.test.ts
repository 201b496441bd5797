import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CELLS, type Cell } from './cells.ts';
import { CHANGES } from './changes.ts';
import { CRASH_WORLD_CELLS } from './crash-world-cells.ts';
import { type Place, STEPS, type Step } from './steps.ts';
import { type FaultHost, faultHost } from './support/fault-host.ts';
import { partOfGrid, wholeGrid } from './support/grid.ts';
import { setScene } from './support/scene.ts';
import { expectTruth } from './support/truth.ts';
import { expectHostWhole } from './support/whole.ts';
import { WORLD_CELLS } from './world-cells.ts';

/** What the agent starts: the programs that it looks for at the beginning, `stat` and `prlimit`. */
const PROGRAMS = ['bash', 'fsfreeze', 'flock', 'sync', 'dd', 'mv', 'rm', 'unlink', 'stat', 'prlimit'];

describe('the steps of the story', () => {
  let host: FaultHost;
  beforeAll(async () => {
    host = await faultHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('are all that an undisturbed run asks of the world', async () => {
    const asked: (readonly [of: Place['of'], what: string])[] = [];
    await using scene = await setScene(host, undefined, {
      programs: PROGRAMS,
      asked: (of, what) => asked.push([of, what]),
    });
    await expectTruth(scene, await scene.ended, { ends: 'done', grade: 'application' });
    await expectHostWhole(scene);
    const steps = Object.values<Step>(STEPS);
    expect(asked.filter(([of, what]) => !steps.some((step) => isOf(step, of, what)))).toEqual([]);
  });
});

function isOf({ at, covers }: Step, of: Place['of'], what: string): boolean {
  if (of !== at.of) return false;
  const own =
    at.of === 'program'
      ? what.startsWith(`${at.name} `) && at.what.test(what.slice(at.name.length + 1))
      : at.what.test(what);
  return own || (covers?.test(what) ?? false);
}

it('a combination that cannot exist has a reason', () => {
  const rows: readonly Readonly<Record<string, Cell>>[] = [
    ...Object.values(CELLS),
    ...Object.values(WORLD_CELLS),
    ...Object.values(CRASH_WORLD_CELLS),
  ];
  for (const cell of rows.flatMap((row) => Object.values(row))) {
    if ('impossible' in cell) expect(cell.impossible).toMatch(/\w/);
  }
});

it.each([
  ['application', WORLD_CELLS],
  ['crash', CRASH_WORLD_CELLS],
] as const)('the gate meets every change at level %s, at every step, and every way in which it ends', (_, grid) => {
  const whole = wholeGrid<string, string>(grid);
  const part = partOfGrid<string, string>(grid);
  expect(new Set(part.map(({ column }) => column))).toEqual(new Set(Object.keys(CHANGES)));
  expect(new Set(part.map(({ row }) => row))).toEqual(new Set(whole.map(({ row }) => row)));
  const ends = (cells: typeof whole) =>
    new Set(cells.map(({ column, scenario }) => JSON.stringify([column, scenario])));
  expect(ends(part)).toEqual(ends(whole));
});
