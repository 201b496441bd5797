import { afterAll, beforeAll, describe, it } from 'vitest';
import { CELLS, type Cell, type Scenario } from '../cells.ts';
import type { ChangeName } from '../changes.ts';
import { CRASH_STEPS } from '../crash-steps.ts';
import { CRASH_WORLD_CELLS } from '../crash-world-cells.ts';
import { FAULTS, type FaultName } from '../faults.ts';
import { STEPS, type Step, type StepName } from '../steps.ts';
import { WORLD_CELLS } from '../world-cells.ts';
import { type FaultHost, faultHost } from './fault-host.ts';
import { type Played, played, WHOLE_GRID } from './grid.ts';
import { play } from './play.ts';
import { playChange } from './play-change.ts';

/** They wait for one another's turns as well as for their deadlines. */
const SLOW_TEST_MS = 900_000;

/** The scenarios of a phase of the story, one after the other, on one host. */
export function scenariosOf(when: Step['when']): void {
  const host = hostOfThisFile();
  for (const step of stepsOf(when)) {
    describe(step, () => {
      for (const [fault, scenario] of scenariosAt(step)) {
        if (!scenario.slow && isInTheGate(scenario)) it(fault, () => play(host(), step, fault, scenario));
      }
    });
  }
}

/**
 * Those in which a long deadline has to pass, all at once on one host. Each waits for its turn until it has come to its
 * step, so whoever keeps the others from the read lock comes last.
 */
export function slowScenarios(): void {
  const host = hostOfThisFile();
  for (const slow of ['holding nothing', 'holding a lock'] as const) {
    for (const step of ALL_STEPS) {
      for (const [fault, scenario] of scenariosAt(step)) {
        if (scenario.slow !== slow) continue;
        it.concurrent(`${step} > ${fault}`, () => play(host(), step, fault, scenario), SLOW_TEST_MS);
      }
    }
  }
}

/** The changes of the world in these phases of the story, one after the other, on one host. */
export function changesOf(...phases: readonly Step['when'][]): void {
  const cells = played(WORLD_CELLS).filter(({ row }) => phases.includes(STEPS[row].when));
  playAll(cells, (step) => STEPS[step], '0/0');
}

/** The same at level `crash`, all of the story. */
export const changesAtLevelCrash = (): void => playAll(played(CRASH_WORLD_CELLS), (step) => CRASH_STEPS[step], '1/1');

function playAll<Name extends string>(
  cells: readonly Played<Name, ChangeName>[],
  stepOf: (name: Name) => Step,
  durability: FaultHost['durability'],
): void {
  const host = hostOfThisFile(durability);
  for (const { row, column, scenario } of cells)
    it(`${row} > ${column}`, () => playChange(host(), stepOf(row), column, scenario));
}

function hostOfThisFile(durability?: FaultHost['durability']): () => FaultHost {
  let host: FaultHost;
  beforeAll(async () => {
    host = await faultHost(durability);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  return () => host;
}

const ALL_STEPS = Object.keys(STEPS) as readonly StepName[];

const stepsOf = (when: Step['when']): readonly StepName[] => ALL_STEPS.filter((name) => STEPS[name].when === when);

const scenariosAt = (step: StepName): readonly (readonly [FaultName, Scenario])[] =>
  (Object.keys(FAULTS) as FaultName[])
    .map((fault) => [fault, CELLS[step][fault]] as const)
    .filter((entry): entry is readonly [FaultName, Scenario] => !isImpossible(entry[1]));

/** The gate leaves out what takes long; the environment of `scripts/test --full` asks for all of it. */
const isInTheGate = ({ inTheWholeGridOnly }: Scenario): boolean => WHOLE_GRID || !inTheWholeGridOnly;

const isImpossible = (cell: Cell): boolean => 'impossible' in cell;
