import { basename } from 'node:path';
import type { HostProcess } from './host-processes.ts';
import { elementAt, type PlannedKill } from './kill-plan.ts';

/** Whom a kill may meet. Agent and guard together are not among them: nobody would be left to thaw. */
export const VICTIMS = ['agent', 'process group', 'whole guard', 'one of the guard', 'agent (SIGTERM)'] as const;
export type VictimName = (typeof VICTIMS)[number];

/** One signal to each of these, as kill(2) takes them: below zero a process group. */
export interface Victim {
  readonly name: VictimName;
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly pids: readonly number[];
}

/** Chooses among those who live at this moment; the agent, which leads its own process group, always does. */
export function chooseVictim(kill: PlannedKill, agent: number, processes: readonly HostProcess[]): Victim {
  const guard = guardAmong(processes);
  const one = elementAt(guard, kill.process);
  const victims: readonly Victim[] = [
    { name: 'agent', signal: 'SIGKILL', pids: [agent] },
    // What Systems Manager does at a timeout or a cancellation.
    { name: 'process group', signal: 'SIGKILL', pids: [-agent] },
    { name: 'agent (SIGTERM)', signal: 'SIGTERM', pids: [agent] },
    ...(one === undefined
      ? []
      : ([
          { name: 'whole guard', signal: 'SIGKILL', pids: guard },
          { name: 'one of the guard', signal: 'SIGKILL', pids: [one] },
        ] as const)),
  ];
  return elementAt(victims, kill.victim) ?? { name: 'agent', signal: 'SIGKILL', pids: [agent] };
}

/** The guard is a bash that calls itself `guard`, with all that lives in its session: its forks, and their fsfreeze. */
function guardAmong(processes: readonly HostProcess[]): readonly number[] {
  const isGuard = ({ argv: [program = '', ...rest] }: HostProcess) =>
    basename(program) === 'bash' && rest[rest.indexOf('-c') + 2] === 'guard';
  const sessions = new Set(processes.filter(isGuard).map(({ session }) => session));
  return processes.filter(({ session }) => sessions.has(session)).map(({ pid }) => pid);
}
