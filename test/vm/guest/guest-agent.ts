import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';

/** How a program in the guest ended. */
export interface Finished {
  /** Absent where a signal ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const Answer = v.union([v.object({ return: v.unknown() }), v.object({ error: v.object({ desc: v.string() }) })]);
type Answer = v.InferOutput<typeof Answer>;

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

/**
 * Speaks with Debian's qemu-guest-agent, which runs as a service of the guest's systemd: a JSON object a line, answered
 * in order [QEMU Guest Agent Protocol Reference].
 */
export class GuestAgent {
  readonly #socket: Socket;
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => {
      this.#waiting.shift()?.resolve(v.parse(Answer, JSON.parse(line)));
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the guest has ended'));
    });
  }

  /** Resolves as soon as the guest is up far enough to run commands. */
  async ping(): Promise<void> {
    await this.#ask('guest-ping', {}, v.unknown());
  }

  /** Runs a program as root to its end. Throws where it cannot be started or `deadlineMs` passes. */
  async run([path = '', ...arg]: readonly string[], input: string | Buffer, deadlineMs: number): Promise<Finished> {
    const giveUp = performance.now() + deadlineMs;
    const request = { path, arg, 'input-data': Buffer.from(input).toString('base64'), 'capture-output': true };
    const { pid } = await this.#ask('guest-exec', request, Started);
    for (;;) {
      const status = await this.#ask('guest-exec-status', { pid }, Status);
      if (status.exited) {
        return { status: status.exitcode, stdout: status['out-data'], stderr: status['err-data'] };
      }
      if (performance.now() > giveUp) throw new Error(`${[path, ...arg].join(' ')}: still runs after ${deadlineMs} ms`);
      await sleep(POLL_MS);
    }
  }

  async #ask<T extends v.GenericSchema>(execute: string, request: object, schema: T): Promise<v.InferOutput<T>> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute, arguments: request })}\n`);
    });
    if ('error' in answer) throw new Error(`${execute}: ${answer.error.desc}`);
    return v.parse(schema, answer.return);
  }
}
