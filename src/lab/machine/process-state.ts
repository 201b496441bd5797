import { readFileSync } from 'node:fs';

/**
 * What a process is doing, as proc_pid_stat(5) has it: R, S, D (it sleeps in the kernel and cannot be woken), Z (it has
 * ended) …; `undefined` where there is no such process.
 */
export function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets and may hold anything; field 3 follows the last bracket.
    return stat[stat.lastIndexOf(')') + 2];
  } catch {
    return undefined;
  }
}
