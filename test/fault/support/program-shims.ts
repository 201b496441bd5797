import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Stop } from './stop.ts';

/** Scripts that stand before real programs in the agent's PATH: they say that they were started, and wait for a verdict. */
export interface ProgramShims extends Disposable {
  /** To be mounted over the first folder of the fixed PATH of the agent's children. */
  readonly folder: string;
  /** Puts one before a program. `at` gives the stop at its start, where there is one; `earlier` are its earlier ones. */
  add(program: string, at: (args: string, earlier: readonly string[]) => Stop | undefined): void;
}

export const FIRST_IN_PATH = '/usr/local/sbin';
const REST_OF_PATH = ['/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** `folder` must not be there yet. The shims are started by the agent's children of any account. */
export function programShims(folder: string): ProgramShims {
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  const closers: (() => void)[] = [];
  return {
    folder,
    add(program, at) {
      const started: string[] = [];
      const path = join(folder, `${program}.arrivals`);
      execFileSync('mkfifo', ['--mode=0666', path]);
      const arrivals = new Socket({ fd: openBothWays(path), readable: true, writable: false });
      closers.push(() => arrivals.destroy());
      createInterface({ input: arrivals }).on('line', async (line) => {
        const [, pid = '', args = ''] = /^(\d+) (.*)$/.exec(line) ?? [];
        const stop = at(args, started);
        started.push(args);
        const verdict = (await stop?.pass()) ?? 'go';
        const answer = openBothWays(join(folder, `verdict.${pid}`));
        closers.push(() => closeSync(answer));
        writeSync(answer, `${verdict}\n`);
      });
      writeFileSync(join(folder, program), shim(program, realPath(program)), { mode: 0o755 });
    },
    [Symbol.dispose]() {
      for (const close of closers) close();
    },
  };
}

/** Open for both directions a FIFO makes neither side wait for the other, and has no end. */
const openBothWays = (fifo: string): number => openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);

/** The program of a `bash … -c` is many lines: only what follows it is told. A descriptor is told as what it leads to. */
const shim = (program: string, real: string): string => `#!/bin/bash
words=()
for word in "$@"; do
  [[ $word == /proc/self/fd/* ]] && word=$(readlink --canonicalize-missing "$word")
  words+=("$word")
done
[[ \${1-} == --norc ]] && words=("\${words[@]:2}")
[[ \${words[0]-} == -c ]] && words=(-c "\${words[@]:2}")
arguments="\${words[*]}"
verdicts=${FIRST_IN_PATH}/verdict.$$
mkfifo "$verdicts" || exit
printf '%s\n' "$$ $arguments" >${FIRST_IN_PATH}/${program}.arrivals
read -r verdict <"$verdicts" || exit
case $verdict in
  refuse) echo '${program}: refused by the test' >&2; exit 1 ;;
  lose) ${real} "$@"; kill -KILL $$ ;;
esac
exec ${real} "$@"
`;

function realPath(program: string): string {
  const found = REST_OF_PATH.map((each) => join(each, program)).find((path) => isExecutable(path));
  if (found === undefined) throw new Error(`${program} is not on this machine`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
