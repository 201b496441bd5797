import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, workshopOf } from './lab-folder.ts';

/**
 * What stands in the cache under a name. Where there is nothing it is made first, in an empty folder of its maker (a
 * lab, by its id: if it does not come to the end of this, its sweep clears up), and appears under its name only when
 * it is whole. Answers its path.
 */
export async function makeInCache(
  name: string,
  maker: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const ready = join(CACHE, name);
  const exists = await access(ready).then(
    () => true,
    () => false,
  );
  if (exists) return ready;
  const making = workshopOf(maker);
  try {
    await mkdir(CACHE, { recursive: true });
    await chmod(CACHE, 0o755);
    await mkdir(making);
    await make(making);
    // Two labs of different roots may get here at once: the first rename wins, and both results are the same.
    await rename(making, ready).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    // What was killed in it may take a moment to end.
    await rm(making, { recursive: true, force: true, maxRetries: 10 });
  }
  return ready;
}
