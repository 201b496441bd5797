import { setTimeout as sleep } from 'node:timers/promises';

/** The time that the embedded AWS lives in. */
export interface LabTime {
  /** Wall clock in milliseconds. */
  now(): number;
  /** Ends after so many milliseconds of this time; early, without an error, when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const realTime: LabTime = {
  now: Date.now,
  async sleep(ms, signal) {
    await sleep(ms, undefined, { ref: false, ...(signal && { signal }) }).catch((error: unknown) => {
      if (signal?.aborted !== true) throw error;
    });
  },
};

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/**
 * Time that goes on by itself and can be pushed forward besides: whoever would have woken meanwhile wakes in order, each
 * at its own time, and does what follows before the next.
 */
export class SteeredTime implements LabTime {
  #ahead: number;
  #sleepers: Sleeper[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `start`: what it says at first; the real time where nothing is said. */
  constructor(start = Date.now()) {
    this.#ahead = start - Date.now();
  }

  now(): number {
    return Date.now() + this.#ahead;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    let end = () => {};
    await new Promise<void>((wake) => {
      const sleeper: Sleeper = { due: this.now() + ms, wake };
      const at = this.#sleepers.findIndex(({ due }) => due > sleeper.due);
      this.#sleepers.splice(at < 0 ? this.#sleepers.length : at, 0, sleeper);
      end = () => this.#wake(sleeper);
      signal?.addEventListener('abort', end, { once: true });
      this.#setTimer();
    });
    // A command's signal outlives the naps of its ten thousand hosts.
    signal?.removeEventListener('abort', end);
  }

  /** Pushes time forward; resolves when all that fell due has been done, as far as it did not wait for something else. */
  async advance(ms: number): Promise<void> {
    const target = this.now() + ms;
    for (let next = this.#sleepers[0]; next !== undefined && next.due <= target; next = this.#sleepers[0]) {
      this.#ahead += Math.max(next.due - this.now(), 0);
      this.#wake(next);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    this.#ahead += Math.max(target - this.now(), 0);
    this.#setTimer();
  }

  #wake(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper);
    if (at < 0) return;
    this.#sleepers.splice(at, 1);
    sleeper.wake();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const next = this.#sleepers[0];
    if (next === undefined) return;
    this.#timer = setTimeout(
      () => {
        // A timer may come a moment early by this clock.
        if (this.now() >= next.due) this.#wake(next);
        this.#setTimer();
      },
      Math.max(next.due - this.now(), 0),
    ).unref();
  }
}
