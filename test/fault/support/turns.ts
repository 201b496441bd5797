/** One after the other, in the order of asking. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits for the turn; its disposal ends it. */
  async take(): Promise<Disposable> {
    const before = this.#last;
    let end: () => void = () => {};
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return { [Symbol.dispose]: end };
  }
}
