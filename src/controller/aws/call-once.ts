import type { Clock } from '../ports.ts';
import { fromAws, isAmbiguous, isThrottled } from './aws-errors.ts';

/** A throttled request was not carried out, so it may be asked again: this often, with these pauses (times 2). */
const THROTTLED = { tries: 6, firstPauseMs: 500 } as const;

/**
 * Runs a call that must not happen twice: ONE attempt, except that a throttled one is asked again. `unknown`: it may have
 * been carried out. Throws one of our errors where it was refused.
 */
export async function callOnce<T>(
  action: string,
  clock: Clock,
  call: () => Promise<T>,
): Promise<{ readonly kind: 'answered'; readonly answer: T } | { readonly kind: 'unknown'; readonly message: string }> {
  for (let tried = 1; ; tried++) {
    try {
      return { kind: 'answered', answer: await call() };
    } catch (thrown) {
      const error = fromAws(thrown, action);
      if (isAmbiguous(thrown)) return { kind: 'unknown', message: error.message };
      if (!isThrottled(thrown) || tried === THROTTLED.tries) throw error;
      await clock.sleep(THROTTLED.firstPauseMs * 2 ** (tried - 1));
    }
  }
}
