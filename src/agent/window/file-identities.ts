import type { Processes } from '../ports.ts';

const DEADLINE_MS = 10_000;
/** Bytes of paths in one call: the answer stays below what is read of a child's output (64 KiB). */
const AT_ONCE_BYTES = 32_768;
/** What the answer adds to a path, at most. */
const ANSWER_BYTES = 48;
const FORMATS = {
  identity: ['-L', '--printf=%n %d:%i\\0'],
  /** Besides the identity the number of links, and the mode in hexadecimal. */
  open: ['-L', '--printf=%n %d:%i %h %f\\0'],
  kind: ['--printf=%n %F\\0'],
  /** The name in quotes, an arrow, and in quotes what the link says. */
  link: ['--printf=%n %N\\0'],
} as const;
/** Of links, whose texts are as long as they are. */
const LINK_OUTPUT_BYTES = 2 ** 24;

/**
 * Of each path device and inode of the file that it leads to (or what else is asked: of a path itself its kind, like `symbolic link`), asked
 * by a child: a file system that is stuck must not hold the process with the connection. `undefined` where it leads nowhere.
 */
export async function fileIdentities(
  processes: Pick<Processes, 'run'>,
  paths: readonly string[],
  what: keyof typeof FORMATS = 'identity',
): Promise<readonly (string | undefined)[]> {
  const found = new Map<string, string>();
  for (const some of inPortions(paths)) {
    const { stdout } = await processes.run(['stat', ...FORMATS[what], '--', ...some], {
      deadlineMs: DEADLINE_MS,
      ...(what === 'link' && { outputLimit: LINK_OUTPUT_BYTES }),
    });
    // The answers come in the order of the questions; a path that leads nowhere has none.
    const answers = stdout.split('\0');
    let at = 0;
    for (const path of some) {
      const answer = answers[at];
      if (answer?.startsWith(`${path} `) !== true) continue;
      at++;
      found.set(path, answer.slice(path.length + 1));
    }
  }
  return paths.map((path) => found.get(path));
}

function inPortions(paths: readonly string[]): readonly (readonly string[])[] {
  const portions: string[][] = [];
  let left = 0;
  for (const path of paths) {
    const bytes = Buffer.byteLength(path) + ANSWER_BYTES;
    if (bytes > left) {
      portions.push([]);
      left = AT_ONCE_BYTES;
    }
    portions.at(-1)?.push(path);
    left -= bytes;
  }
  return portions;
}
