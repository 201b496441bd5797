import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { SimulatedHost } from '../hosts/simulated-host.ts';

/** A process on the host. */
export interface HostProcess {
  readonly pid: number;
  /** The pid of the session's leader. */
  readonly session: number;
  readonly argv: readonly string[];
}

/**
 * The processes on a host, by its mount namespace: everything of a run, however it was started; the server and the
 * load live outside. Looked up without a pause, so that it is still true for what is done next.
 */
export function processesOn({ namespace }: SimulatedHost): readonly HostProcess[] {
  const name = readlinkSync(`/proc/${namespace.holder}/ns/mnt`);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== namespace.holder)
    .flatMap((entry) => {
      try {
        return readlinkSync(`/proc/${entry}/ns/mnt`) === name ? [readProcess(Number(entry))] : [];
      } catch {
        // It has ended while we looked.
        return [];
      }
    });
}

/** Field 6 of proc_pid_stat(5) is the session; the second is a name in brackets and may hold anything. */
function readProcess(pid: number): HostProcess {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return { pid, session: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]), argv };
}
