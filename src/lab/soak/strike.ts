import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRun } from '../standing/agent-run.ts';
import { beginChange, describeWorldChange } from './change.ts';
import { killNow, thawedAfterMs } from './kill.ts';
import type { Marks } from './marks.ts';
import type { Met } from './report.ts';
import type { PlannedStrike } from './soak-plan.ts';
import type { SoakedHost } from './soaked-host.ts';
import { stopUntilReleased } from './stop.ts';

/** A planned strike, and how long its run takes if nothing strikes it, in milliseconds. */
export type TimedStrike = PlannedStrike & { readonly runMs: number };

/** A strike that was done. At its end whatever it changed is as it was. */
export interface Strike extends AsyncDisposable {
  /** Of a run that is over: when it set its grade, right after its unlock, in milliseconds of the wall clock; where it did. */
  seen(gradedAt: number | undefined): Promise<Met>;
  readonly marks?: Marks;
}

/** Waits for the moment of the strike; `undefined` where the run was over before. */
export async function strikeInTime(
  soaked: SoakedHost,
  run: AgentRun,
  runNumber: number,
  planned: TimedStrike,
): Promise<Strike | undefined> {
  const { number, moment, runMs } = planned;
  const afterMs = moment * runMs;
  await Promise.race([sleep(afterMs, undefined, { signal: soaked.lab.shell.signal }), run.ended]);
  if (run.hasEnded()) return undefined;
  switch (planned.kind) {
    case 'kill': {
      const kill = killNow(soaked, run, planned);
      const { name: victim, signal } = kill.victim;
      // Asked now, because a sentinel does not remember for ever.
      const thawed = thawedAfterMs(kill);
      // Whatever it fails of, the look at the host fails of as well.
      thawed.catch(() => undefined);
      return {
        seen: async () => {
          const thawMs = await thawed;
          const thaw = thawMs !== undefined && { thawedAfterMs: thawMs };
          return { kind: 'kill', number, victim, signal, afterMs, ...thaw };
        },
        [Symbol.asyncDispose]: nothingToUndo,
      };
    }
    case 'stop': {
      const heldMs = await stopUntilReleased(soaked, run, planned);
      return {
        seen: async () => ({ kind: 'stop', number, whom: planned.whom, afterMs, heldMs }),
        [Symbol.asyncDispose]: nothingToUndo,
      };
    }
    case 'change': {
      const change = await beginChange(soaked, runNumber, planned.change, runMs);
      const what = describeWorldChange(planned.change);
      return {
        seen: async (gradedAt) => {
          const madeAt = await change.madeAt;
          const isInTime = gradedAt === undefined || madeAt < gradedAt;
          return { kind: 'change', number, what, afterMs, isInTime };
        },
        ...(change.marks && { marks: change.marks }),
        [Symbol.asyncDispose]: () => change[Symbol.asyncDispose](),
      };
    }
  }
}

const nothingToUndo = async (): Promise<void> => undefined;
