import { setTimeout as sleep } from 'node:timers/promises';
import { type Changer, changerOf } from '../changes/apply-change.ts';
import type { Change, ChangeKind } from '../changes/change.ts';
import { type PlannedChange, planChanges } from '../changes/change-plan.ts';
import type { TableElsewhere } from '../changes/table-elsewhere.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';

/**
 * How many changes a host meets while its set is taken, and within how many milliseconds: longer than a run takes. One that would
 * last beyond them lasts until the set is taken, however long that takes.
 */
const CHANGES = 3;
const STRETCH_MS = 6_000;
/** Tables may come and go with every set good. Of the others each costs many a set, and a third has to be good: so they are drawn seldom. */
const KINDS: readonly ChangeKind[] = [
  ...Array.from({ length: 9 }, () => 'table elsewhere' as const),
  'flush setting',
  'flush setting and back',
  'redo log off',
];

/** A session that changes the world of a host at random, until it is disposed: then everything is as it was. */
export interface Hostility extends AsyncDisposable {
  /** Those that were made. */
  readonly changes: readonly Change[];
  /** Every table elsewhere that was made, dropped ones included. */
  readonly tables: readonly TableElsewhere[];
}

/** Begins with the changes of a seed. The disposal throws what a change met that could not be made or undone. */
export async function startHostility({ server, paths }: SimulatedHost, seed: string): Promise<Hostility> {
  const changer = await changerOf({ connect: server.connect, folder: paths.other });
  const stop = new AbortController();
  const changes: Change[] = [];
  const planned = planChanges(seed, CHANGES, server.distribution.flavour.name, KINDS);
  const made = planned.map(async (each) => make(changer, each, stop.signal, changes));
  // What fails is heard at the end; until then it must not count as unhandled.
  for (const each of made) each.catch(() => undefined);
  return {
    changes,
    tables: changer.tables,
    async [Symbol.asyncDispose]() {
      await using _asItWas = changer;
      stop.abort();
      const failure = (await Promise.allSettled(made)).find(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
    },
  };
}

/** Once it is stopped no change is made any more; those that were made are undone by the changer. */
async function make(
  changer: Changer,
  { moment, lasts, change }: PlannedChange,
  stop: AbortSignal,
  changes: Change[],
): Promise<void> {
  const until = (fraction: number) => sleep(fraction * STRETCH_MS, undefined, { signal: stop }).catch(() => undefined);
  await until(moment);
  if (stop.aborted) return;
  changes.push(change);
  const undo = await changer.apply(change);
  if (moment + lasts >= 1) return;
  await until(lasts);
  if (!stop.aborted) await undo();
}
