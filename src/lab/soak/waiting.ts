import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** What the work comes to, or `late` where that takes longer; the work itself is not ended. */
export async function within<T>(ms: number, work: Promise<T>, signal: AbortSignal): Promise<T | 'late'> {
  const done = new AbortController();
  const late = sleep(ms, 'late' as const, { signal: AbortSignal.any([signal, done.signal]) });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

/** Looks again and again until it is so; whether it has come to be so in time. */
export async function becomes(
  ms: number,
  isSo: () => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const giveUp = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > giveUp) return false;
    await sleep(POLL_MS, undefined, { signal });
  }
  return true;
}
