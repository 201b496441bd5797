import { readdir, readFile } from 'node:fs/promises';
import { LAB_MARKER } from './shell.ts';

/**
 * The processes of a lab, by the marker in their environment. A pid that has been given to somebody else does not
 * carry the lab's random name, so nobody else's process can be met, and no child is missed for want of a record.
 */
export async function processesOf(labId: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`${LAB_MARKER}=${labId}`)) found.push(Number(name));
  }
  return found;
}

/** When a process was started, in clock ticks since boot (proc_pid_stat(5), field 22): tells a reused pid from the first. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the program's name in brackets and may hold anything; field 3 follows the last bracket.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Sends a signal; a process that is gone already is what was wanted. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
