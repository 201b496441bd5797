import { readdir, readFile, readlink } from 'node:fs/promises';

export interface KernelMount {
  readonly mountPoint: string;
  readonly fsType: string;
}

/** The mounts of our own namespace at or below a folder, deepest first: the order in which they can be unmounted. */
export async function mountsBelow(folder: string): Promise<readonly KernelMount[]> {
  return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
    .filter(({ mountPoint }) => mountPoint === folder || mountPoint.startsWith(`${folder}/`))
    .reverse();
}

/** Every mount point of every mount namespace in which a process lives. */
export async function mountPointsOfAllNamespaces(): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const mountPoints = new Set<string>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process that ends while we look takes its answers with it.
    const namespace = await readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined);
    if (namespace === undefined || seen.has(namespace)) continue;
    const text = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    seen.add(namespace);
    for (const { mountPoint } of parseMountinfo(text)) mountPoints.add(mountPoint);
  }
  return mountPoints;
}

/** In the kernel's order: what was mounted later stands later. Lines as proc_pid_mountinfo(5) has them. */
export function parseMountinfo(text: string): readonly KernelMount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const fsType = fields[fields.indexOf('-') + 1] ?? '';
      return { mountPoint: unescapeOctal(fields[4] ?? ''), fsType };
    });
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
