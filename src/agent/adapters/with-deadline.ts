import { DeadlinePassed } from '../ports.ts';

/**
 * A call that is given up after `ms`, whatever it waits for: the SDK's own signal reaches the request, not the
 * providers of credentials.
 */
export async function within<T>(ms: number, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const cancel = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlinePassed('AWS', ms));
      cancel.abort();
    }, ms);
  });
  try {
    return await Promise.race([call(cancel.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
