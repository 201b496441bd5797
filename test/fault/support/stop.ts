/**
 * What becomes of the work that is held at a stop: it is done, be it late; an error is answered instead; or it is done
 * and its answer is lost.
 */
export type Verdict = 'go' | 'refuse' | 'lose';

/** A place at which the run is held from outside, exactly: the work of a step, before any of it is done. */
export class Stop {
  /** Settles when the run has come here for the first time. */
  readonly arrived: Promise<void>;
  /** No verdict will come before the run has ended: whoever gives up waiting takes with him what he had asked. */
  hangs = false;
  #verdict: Verdict | undefined;
  #arrive: () => void = () => {};
  readonly #held: ((verdict: Verdict) => void)[] = [];

  constructor() {
    this.arrived = new Promise((resolve) => {
      this.#arrive = resolve;
    });
  }

  /** Says the verdict on all that are held, and on those to come. */
  say(verdict: Verdict): void {
    this.#verdict = verdict;
    for (const release of this.#held.splice(0)) release(verdict);
  }

  /** For the one who does the work: to be asked before it. */
  async pass(): Promise<Verdict> {
    this.#arrive();
    return this.#verdict ?? new Promise((resolve) => void this.#held.push(resolve));
  }
}
