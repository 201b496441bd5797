import { readFile } from 'node:fs/promises';
import { type LivingNamespace, mountNamespaces, namespaceOf } from './kernel-mounts.ts';
import { LAB_MARKER } from './shell.ts';

/**
 * The processes of a lab: those that carry its marker in their environment, and all that live on its hosts, where the
 * agent's children (guard, file writer, fsfreeze, sync) carry none. Both hold the lab's random name, so
 * nobody else's process can be met, and no child is missed for want of a record.
 */
export async function processesOf(labId: string): Promise<readonly number[]> {
  const own = await namespaceOf('self');
  const found: number[] = [];
  for (const namespace of await mountNamespaces()) {
    const isHost = namespace.name !== own && isHostOf(labId, namespace);
    for (const pid of namespace.pids) {
      if (pid !== process.pid && (isHost || (await isMarked(pid, labId)))) found.push(pid);
    }
  }
  return found;
}

/** A host has folders of the lab mounted in places of the machine; the rest of the machine sees them in the lab's folder. */
const isHostOf = (labId: string, { mounts }: LivingNamespace): boolean =>
  mounts.some(({ root, mountPoint }) => root.includes(`/${labId}/`) && !mountPoint.includes(`/${labId}/`));

async function isMarked(pid: number, labId: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').includes(`${LAB_MARKER}=${labId}`);
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
