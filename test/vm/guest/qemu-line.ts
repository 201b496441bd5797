import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import * as v from 'valibot';

/** A greeting and the events that nobody has asked for are no answers. */
const Answer = v.union([v.object({ return: v.unknown() }), v.object({ error: v.object({ desc: v.string() }) })]);
type Answer = v.InferOutput<typeof Answer>;

/**
 * A line to QEMU, or through it to the agent in the guest: a JSON object a line, answered in order [QEMU Machine
 * Protocol, QEMU Guest Agent Protocol Reference].
 */
export class QemuLine {
  readonly #socket: Socket;
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => {
      const answer = v.safeParse(Answer, JSON.parse(line));
      if (answer.success) this.#waiting.shift()?.resolve(answer.output);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the guest has ended'));
    });
  }

  /** Throws with what the other side complains of. */
  async ask<T extends v.GenericSchema>(execute: string, request: object, schema: T): Promise<v.InferOutput<T>> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute, arguments: request })}\n`);
    });
    if ('error' in answer) throw new Error(`${execute}: ${answer.error.desc}`);
    return v.parse(schema, answer.return);
  }
}
