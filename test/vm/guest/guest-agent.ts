import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import type { QemuLine } from './qemu-line.ts';

/** How a program in the guest ended. */
export interface Finished {
  /** Absent where a signal ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const Base64 = v.pipe(
  v.optional(v.string(), ''),
  v.transform((text) => Buffer.from(text, 'base64').toString('utf8')),
);
const Started = v.object({ pid: v.number() });
const Status = v.object({
  exited: v.boolean(),
  exitcode: v.optional(v.number()),
  'out-data': Base64,
  'err-data': Base64,
});

const POLL_MS = 50;

/** Speaks with Debian's qemu-guest-agent, which runs as a service of the guest's systemd. */
export class GuestAgent {
  readonly #line: QemuLine;

  constructor(line: QemuLine) {
    this.#line = line;
  }

  /** Resolves as soon as the guest is up far enough to run commands. */
  async ping(): Promise<void> {
    await this.#line.ask('guest-ping', {}, v.unknown());
  }

  /** Runs a program as root to its end. Throws where it cannot be started or `deadlineMs` passes. */
  async run([path = '', ...arg]: readonly string[], input: string | Buffer, deadlineMs: number): Promise<Finished> {
    const giveUp = performance.now() + deadlineMs;
    const request = { path, arg, 'input-data': Buffer.from(input).toString('base64'), 'capture-output': true };
    const { pid } = await this.#line.ask('guest-exec', request, Started);
    for (;;) {
      const status = await this.#line.ask('guest-exec-status', { pid }, Status);
      if (status.exited) {
        return { status: status.exitcode, stdout: status['out-data'], stderr: status['err-data'] };
      }
      if (performance.now() > giveUp) throw new Error(`${[path, ...arg].join(' ')}: still runs after ${deadlineMs} ms`);
      await sleep(POLL_MS);
    }
  }
}
