import { spawnSync } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import type { LabRoot } from './lab-folder.ts';
import { startTimeOf } from './lab-processes.ts';

/** Who holds the lock of a root: written into the lock file for those who find it held. */
const Holder = v.object({
  verb: v.picklist(['rehearse', 'up', 'down', 'soak', 'disturb']),
  pid: v.number(),
  startTime: v.string(),
});
export type Holder = v.InferOutput<typeof Holder>;

/** One lab at a time: flock on a file in the root, which the kernel gives back however the holder ends. */
export type LabLock = AsyncDisposable;

/** Takes the lock, or says who holds it. */
export async function tryLabLock(
  root: LabRoot,
  verb: Holder['verb'],
): Promise<LabLock | { heldBy: Holder | undefined }> {
  const file = await open(join(root, 'lab.lock'), 'a+', 0o600);
  // The lock belongs to the open file, which this process shares with flock(1) for a moment and then has alone.
  const { status } = spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
  if (status !== 0) {
    const heldBy = await readHolder(file);
    await file.close();
    return { heldBy };
  }
  await file.truncate(0);
  const holder: Holder = { verb, pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
  await file.write(JSON.stringify(holder), 0);
  return { [Symbol.asyncDispose]: () => file.close() };
}

/** Takes the lock. Throws RunError `lab-unfit` where another lab has it. */
export async function takeLabLock(root: LabRoot, verb: Holder['verb']): Promise<LabLock> {
  const lock = await tryLabLock(root, verb);
  if (!('heldBy' in lock)) return lock;
  const who = lock.heldBy ? `\`${lock.heldBy.verb}\`, pid ${lock.heldBy.pid}` : 'its process is just starting';
  throw new RunError('lab-unfit', `another lab stands on this machine (${who}; ${root})`, {
    hint:
      lock.heldBy?.verb === 'up' ? 'Use it, or end it with `mysql-ebs-snapshot-lab down`.' : 'Wait until it has ended.',
  });
}

async function readHolder(file: FileHandle): Promise<Holder | undefined> {
  const text = Buffer.alloc(512);
  const { bytesRead } = await file.read(text, 0, text.length, 0);
  try {
    return v.parse(Holder, JSON.parse(text.toString('utf8', 0, bytesRead)));
  } catch {
    return undefined;
  }
}
