/** What waiting takes of a clock. */
export interface Sleeper {
  /** Milliseconds. Throws the signal's reason once it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The pauses between two looks: the first of so many milliseconds, each further one longer by the factor (default: 1). */
export interface Pace {
  readonly firstMs: number;
  readonly factor?: number;
  readonly longestMs?: number;
}

interface Endless extends Pace {
  readonly signal?: AbortSignal | undefined;
}
interface Limited extends Endless {
  /** How many looks there are at most. */
  readonly times: number;
}
type Look<T> = (looked: number) => Promise<T | undefined>;

/**
 * Looks again and again until there is an answer; `undefined` is none. Looks at once, and pauses only between two looks,
 * which are counted from 1. Returns `undefined` after `times` looks; without `times` the look itself has to end it.
 * Throws what the look throws, and the signal's reason once it is aborted.
 */
export async function poll<T>(clock: Sleeper, options: Limited, look: Look<T>): Promise<T | undefined>;
export async function poll<T>(clock: Sleeper, options: Endless, look: Look<T>): Promise<T>;
export async function poll<T>(
  clock: Sleeper,
  { times = Number.POSITIVE_INFINITY, signal, ...pace }: Endless & Partial<Limited>,
  look: Look<T>,
): Promise<T | undefined> {
  const pauses = new Pauses(pace);
  for (let looked = 1; ; looked++) {
    const answer = await look(looked);
    if (answer !== undefined || looked >= times) return answer;
    await clock.sleep(pauses.next(), signal);
  }
}

/** The lengths of the pauses of a pace, one after the other. */
export class Pauses {
  readonly #pace: Pace;
  #nextMs: number;

  constructor(pace: Pace) {
    this.#pace = pace;
    this.#nextMs = pace.firstMs;
  }

  next(): number {
    const ms = this.#nextMs;
    const { factor = 1, longestMs = Number.POSITIVE_INFINITY } = this.#pace;
    this.#nextMs = Math.min(ms * factor, longestMs);
    return ms;
  }

  /** Something has happened: the next pause is the first one again. */
  startOver(): void {
    this.#nextMs = this.#pace.firstMs;
  }
}

/** Sleeps; an aborted signal ends the sleep without an error, for callers that finish in order what is cancelled. */
export async function pause(clock: Sleeper, ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (thrown) {
    if (signal?.aborted !== true) throw thrown;
  }
}
