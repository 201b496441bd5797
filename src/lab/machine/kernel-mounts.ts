import { readFile } from 'node:fs/promises';

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
