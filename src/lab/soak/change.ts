import { setTimeout as sleep } from 'node:timers/promises';
import { changerOf } from '../changes/apply-change.ts';
import { describeChange } from '../changes/change.ts';
import type { WorldChange } from './change-plan.ts';
import { type Marks, writeMarks } from './marks.ts';
import type { SoakedHost } from './soaked-host.ts';
import { changeStorage } from './storage-change.ts';

/** A change of the world during a run; at its end everything is as it was. */
export interface Change extends AsyncDisposable {
  /** Settles when it is made, which a lock may hold up: milliseconds of the wall clock, as calls of EC2 are recorded. */
  readonly madeAt: Promise<number>;
  /** Where commits are no longer durable from the change on: those that were made meanwhile. */
  readonly marks?: Marks;
}

type ServerChange = Extract<WorldChange, { of: 'server' }>;

/** Begins a change at once. `run` is a number that no other run has; undisturbed, a run takes `runMs`. */
export async function beginChange(
  soaked: SoakedHost,
  run: number,
  change: WorldChange,
  runMs: number,
): Promise<Change> {
  if (change.of === 'server') {
    if (!needsBytes(change)) return changeServer(soaked, change, runMs);
    const connection = await soaked.host.server.connect();
    const marks = writeMarks(connection, run);
    const made = await changeServer(soaked, change, runMs);
    const undo = async () => {
      await using _undone = made;
      await marks.stop().finally(() => connection.destroy());
    };
    return { madeAt: made.madeAt, marks, [Symbol.asyncDispose]: undo };
  }
  // Of a folder that is covered, the table in it may have to wait; what is mounted is there at once.
  const madeAt = Promise.resolve(Date.now());
  const made = changeStorage(soaked, change.change);
  made.catch(() => undefined);
  return { madeAt, [Symbol.asyncDispose]: async () => (await made)() };
}

/** Undone when it has lasted for its time, at its end at the latest. */
async function changeServer(
  { host: { server, paths } }: SoakedHost,
  { change, lasts }: ServerChange,
  runMs: number,
): Promise<Change> {
  const changer = await changerOf({ connect: () => server.connect(), folder: paths.other });
  const over = new AbortController();
  const made = changer.apply(change);
  const undone = made.then(async (undo) => {
    await sleep(lasts * runMs, undefined, { signal: over.signal }).catch(() => undefined);
    await undo();
  });
  // Heard at the end.
  undone.catch(() => undefined);
  const undo = async () => {
    over.abort();
    await undone.finally(() => changer[Symbol.asyncDispose]());
  };
  return { madeAt: stamped(made), [Symbol.asyncDispose]: undo };
}

function stamped(made: Promise<unknown>): Promise<number> {
  const at = made.then(() => Date.now());
  // Heard when the run is over.
  at.catch(() => undefined);
  return at;
}

/** Only the bytes of a set can tell whether it holds what was acknowledged while commits were not durable. */
export const needsBytes = ({ of, change }: WorldChange): boolean =>
  of === 'server' && (change.kind === 'flush setting' || change.kind === 'redo log off');

/** For people. */
export const describeWorldChange = ({ of, change }: WorldChange): string =>
  of === 'storage' ? change : describeChange(change);
