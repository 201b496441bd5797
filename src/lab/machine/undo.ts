/**
 * What is to be given back, for lifetimes that end with that of something else. Steps run in reverse; where one
 * fails the others are taken all the same, and the first failure is thrown at the end.
 */
export class Undo implements AsyncDisposable {
  readonly #steps: (() => Promise<unknown>)[] = [];

  /** To be called as soon as there is something to give back. */
  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  /** Gives it back together with this. */
  use<T extends AsyncDisposable>(resource: T): T {
    this.add(async () => resource[Symbol.asyncDispose]());
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
