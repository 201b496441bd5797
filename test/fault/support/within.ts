import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for the end of a work, but no longer: then throws the complaint, and leaves the work to itself. */
export async function within<T>(ms: number, complaint: string, work: Promise<T>): Promise<T> {
  const cancel = new AbortController();
  const late = sleep(ms, undefined, { signal: cancel.signal }).then(() => {
    throw new Error(`${complaint} within ${ms} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel.abort();
  }
}
