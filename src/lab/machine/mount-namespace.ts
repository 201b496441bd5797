import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from './shell.ts';

/** A mount namespace of its own. What the machine mounts or unmounts shows in it; what is mounted in it does not show outside. */
export interface MountNamespace extends AsyncDisposable {
  /** Prefix of every argument array that runs inside. */
  readonly enter: readonly string[];
  /** The pid of the process that holds it. */
  readonly holder: number;
  /** A path inside, as the outside can read it. */
  outside(path: string): string;
}

/** Makes a namespace, held by a small process that ends when its stdin is closed: with the lab at the latest. */
export async function makeMountNamespace(shell: Shell): Promise<MountNamespace> {
  const holder = shell.start(
    ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', 'cd / && echo ready && exec cat >/dev/null'],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const ended = once(holder, 'close');
  const { stdin, stdout, stderr, pid } = holder;
  if (!stdin || !stdout || !stderr) throw new RunError('bug', 'the holder of a mount namespace has no pipes');
  stdin.on('error', () => undefined);
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const [line] = await Promise.race([once(createInterface({ input: stdout }), 'line'), ended]);
  if (line !== 'ready' || pid === undefined) {
    throw new RunError('lab-unfit', `no mount namespace can be made: ${complaint.trim()}`);
  }
  return {
    enter: ['nsenter', `--mount=/proc/${pid}/ns/mnt`],
    holder: pid,
    outside: (path) => `/proc/${pid}/root${path}`,
    async [Symbol.asyncDispose]() {
      stdin.end();
      await ended;
    },
  };
}
