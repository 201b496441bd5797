import { readdir, readFile, readlink } from 'node:fs/promises';

export interface KernelMount {
  /** What is mounted: the path inside its file system; `/` but for bind mounts. */
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
  /** What was mounted, as mount(8) was told: a device, or a word where there is none. */
  readonly source: string;
}

/** The mounts of our own namespace at or below a folder, deepest first: the order in which they can be unmounted. */
export async function mountsBelow(folder: string): Promise<readonly KernelMount[]> {
  return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
    .filter(({ mountPoint }) => mountPoint === folder || mountPoint.startsWith(`${folder}/`))
    .reverse();
}

/** A mount namespace, by the kernel's name for it, with the processes that live in it. */
export interface LivingNamespace {
  readonly name: string;
  readonly pids: readonly number[];
  readonly mounts: readonly KernelMount[];
}

/** Every mount namespace in which a process lives. */
export async function mountNamespaces(): Promise<readonly LivingNamespace[]> {
  const pidsByName = new Map<string, number[]>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process that ends while we look takes its answers with it.
    const name = await namespaceOf(pid).catch(() => undefined);
    if (name !== undefined) pidsByName.set(name, [...(pidsByName.get(name) ?? []), Number(pid)]);
  }
  return Promise.all([...pidsByName].map(async ([name, pids]) => ({ name, pids, mounts: await mountsSeenBy(pids) })));
}

/** The kernel's name for the mount namespace of a process, like `mnt:[4026531841]`. */
export const namespaceOf = (pid: string): Promise<string> => readlink(`/proc/${pid}/ns/mnt`);

async function mountsSeenBy(pids: readonly number[]): Promise<readonly KernelMount[]> {
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
    if (text !== '') return parseMountinfo(text);
  }
  return [];
}

/** In the kernel's order: what was mounted later stands later. Lines as proc_pid_mountinfo(5) has them. */
export function parseMountinfo(text: string): readonly KernelMount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const [, , , root = '', mountPoint = ''] = fields.map(unescapeOctal);
      const [fsType = '', source = ''] = fields.slice(fields.indexOf('-') + 1).map(unescapeOctal);
      return { root, mountPoint, fsType, source };
    });
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
