import type { HostReader } from '../ports.ts';
import type { BlockDevice } from './block-graph.ts';
import { readAttribute, sysName } from './sysfs.ts';

/** Where an ext4 or ext3 keeps its journal. */
export type Journal =
  | { readonly kind: 'internal' }
  | { readonly kind: 'none' }
  /** `device`: the kernel's name of the journal's device. */
  | { readonly kind: 'external'; readonly device: string }
  | { readonly kind: 'unknown'; readonly detail: string };

/** As the kernel cuts the names of its threads. */
const COMM_LENGTH = 15;
const COMM = 'jbd2/';

/**
 * Where the ext4 or ext3 on a device keeps its journal; `undefined` where a capture of an older version does not tell.
 * /proc/fs/jbd2 has `DEVICE-INODE` for an internal journal and the journal's own device for an external one, but not whose
 * that is; the thread that serves it bears its name (seen on 6.18). `blockNames`: all block devices of the host.
 */
export async function findJournal(
  reader: HostReader,
  device: BlockDevice,
  blockNames: readonly string[],
): Promise<Journal | undefined> {
  const names = await reader.journals();
  if (names === undefined) return undefined;
  const own = sysName(device.layer.name);
  if (names.some((name) => name.startsWith(`${own}-`) && /^\d+$/.test(name.slice(own.length + 1))))
    return { kind: 'internal' };

  const task = await readAttribute(reader, `/sys/fs/ext4/${own}/journal_task`);
  if (task === '<none>') return { kind: 'none' };
  const external = names.filter((name) => blockNames.includes(name));
  if (task === undefined) {
    // Older kernels do not have the attribute: where no device is an external journal, this one has none either.
    return external.length === 0 ? { kind: 'none' } : { kind: 'unknown', detail: `it may be ${external.join(' or ')}` };
  }
  const comm = await readAttribute(reader, `/proc/${task}/comm`);
  const [found, ...others] = external.filter((name) => servedBy(comm, name));
  if (found !== undefined && others.length === 0) return { kind: 'external', device: found };
  const candidates = external.length === 0 ? 'the kernel lists no device of one' : `it may be ${external.join(' or ')}`;
  return { kind: 'unknown', detail: `it is external, and ${candidates}` };
}

/** Whether a thread of this name may serve the journal on a device; one that is not seen may serve any. */
function servedBy(comm: string | undefined, device: string): boolean {
  if (!comm?.startsWith(COMM)) return true;
  const whole = `${COMM}${device}`;
  return comm === whole || (comm.length === COMM_LENGTH && whole.startsWith(comm));
}
