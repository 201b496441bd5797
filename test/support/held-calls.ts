import { vi } from 'vitest';
import type { CallHook } from '../../src/lab/aws/call-hook.ts';

/** Holds the calls of one action from its making to its disposal, before any of their work is done. */
export interface HeldCalls extends Disposable {
  /** Waits for the first of them. Throws where none comes within a minute. */
  arrived(): Promise<void>;
}

const ARRIVAL_MS = 60_000;
const POLL_MS = 5;

/** A call hook with which a test holds calls; dry runs pass. */
export class HoldingHook {
  readonly #holds = new Map<string, { arrive: () => void; readonly released: Promise<void> }>();

  readonly callHook: CallHook = async ({ action, dryRun }) => {
    const hold = dryRun ? undefined : this.#holds.get(action);
    hold?.arrive();
    await hold?.released;
  };

  hold(action: string): HeldCalls {
    let [hasArrived, release] = [false, () => {}];
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrive = () => {
      hasArrived = true;
    };
    const hold = { arrive, released };
    this.#holds.set(action, hold);
    return {
      arrived: async () => {
        await vi.waitUntil(() => hasArrived, { timeout: ARRIVAL_MS, interval: POLL_MS });
      },
      [Symbol.dispose]: () => {
        // One that was made since stays.
        if (this.#holds.get(action) === hold) this.#holds.delete(action);
        release();
      },
    };
  }
}
