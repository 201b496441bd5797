import { signalProcess } from '../machine/lab-processes.ts';
import type { AgentRun } from '../standing/agent-run.ts';
import { processesOn } from './host-processes.ts';
import type { PlannedKill } from './kill-plan.ts';
import { monotonicMs } from './monotonic.ts';
import type { Sentinel } from './sentinel.ts';
import type { SoakedHost } from './soaked-host.ts';
import { chooseVictim, type Victim } from './victims.ts';

/** A kill that was done. */
export interface Kill {
  readonly victim: Victim;
  /** `monotonicMs()` of the signal. */
  readonly at: number;
  /** The sentinels whose writes hung when it was given. */
  readonly hanging: readonly Sentinel[];
}

/** Kills at once, and looks first at what is frozen. */
export function killNow({ host, sentinels }: SoakedHost, run: AgentRun, planned: PlannedKill): Kill {
  const victim = chooseVictim(planned, run.pid, processesOn(host));
  const hanging = sentinels.filter((sentinel) => sentinel.hangs());
  const at = monotonicMs();
  for (const pid of victim.pids) signalProcess(pid, victim.signal);
  return { victim, at, hanging };
}

/**
 * Milliseconds from the kill until the file systems that were frozen at it took writes again, the last of them;
 * `undefined` where none was frozen. Answers when that has happened.
 */
export async function thawedAfterMs({ at, hanging }: Kill): Promise<number | undefined> {
  const thaws = await Promise.all(hanging.map((sentinel) => sentinel.writeInFlightAt(at)));
  const known = thaws.filter((thawedAt) => thawedAt !== undefined);
  return known.length > 0 ? Math.max(...known) - at : undefined;
}
