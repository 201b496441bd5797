import * as v from 'valibot';
import type { QemuLine } from './qemu-line.ts';

/** QEMU's own control of the machine that it emulates. */
export class Monitor {
  readonly #line: QemuLine;
  readonly #ready: Promise<unknown>;

  constructor(line: QemuLine) {
    this.#line = line;
    this.#ready = this.#order('qmp_capabilities');
    this.#ready.catch(() => {});
  }

  /** Does something while the whole machine stands still, with nothing of what it has sent to its disks under way. */
  async whileStopped(work: () => Promise<void>): Promise<void> {
    await this.#ready;
    await this.#order('stop');
    try {
      await work();
    } finally {
      await this.#order('cont');
    }
  }

  #order(execute: 'qmp_capabilities' | 'stop' | 'cont'): Promise<unknown> {
    return this.#line.ask(execute, {}, v.unknown());
  }
}
