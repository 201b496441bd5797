import { setTimeout as sleep } from 'node:timers/promises';
import { signalProcess } from '../machine/lab-processes.ts';
import type { AgentRun } from '../standing/agent-run.ts';
import { processesOn } from './host-processes.ts';
import type { PlannedKill } from './kill-plan.ts';
import { monotonicMs } from './monotonic.ts';
import type { Sentinel } from './sentinel.ts';
import type { SoakedHost } from './soaked-host.ts';
import { chooseVictim, type Victim } from './victims.ts';

/** A kill that was done. */
export interface Strike {
  readonly victim: Victim;
  /** `monotonicMs()` of the signal. */
  readonly at: number;
  /** The sentinels whose writes hung when it was given. */
  readonly hanging: readonly Sentinel[];
}

/** Waits so long after the start of a run, then kills; `undefined` where the run was over before. */
export async function strikeAfter(
  ms: number,
  { lab, host, sentinels }: SoakedHost,
  run: AgentRun,
  kill: PlannedKill,
): Promise<Strike | undefined> {
  await Promise.race([sleep(ms, undefined, { signal: lab.shell.signal }), run.ended]);
  if (run.hasEnded()) return undefined;
  const victim = chooseVictim(kill, run.pid, processesOn(host));
  const hanging = sentinels.filter((sentinel) => sentinel.hangs());
  const at = monotonicMs();
  for (const pid of victim.pids) signalProcess(pid, victim.signal);
  return { victim, at, hanging };
}

/**
 * Milliseconds from the kill until the file systems that were frozen at it took writes again, the last of them;
 * `undefined` where none was frozen. Answers when that has happened.
 */
export async function thawedAfterMs({ at, hanging }: Strike): Promise<number | undefined> {
  const thaws = await Promise.all(hanging.map((sentinel) => sentinel.writeInFlightAt(at)));
  const known = thaws.filter((thawedAt) => thawedAt !== undefined);
  return known.length > 0 ? Math.max(...known) - at : undefined;
}
