import { type ChildProcess, spawn } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHILD_ENVIRONMENT, DeadlinePassed, type LineProcess, type Processes, type ProcessOptions } from '../ports.ts';

const OUTPUT_LIMIT = 64 * 1024;

/** Real child processes. */
export const processes: Processes = {
  run([program = '', ...rest], { deadlineMs, inherit, outputLimit = OUTPUT_LIMIT }) {
    return new Promise((resolve, reject) => {
      const child = spawn(program, rest, {
        env: CHILD_ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe', inherit ?? 'ignore'],
      });
      const output = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8').on('data', (text: string) => {
          output[name] = (output[name] + text).slice(0, outputLimit);
        });
      }
      // A child that is stuck in the kernel does not even die of SIGKILL: it is left behind, not waited for.
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        child.stdout?.destroy();
        child.stderr?.destroy();
        child.unref();
        reject(new DeadlinePassed(program, deadlineMs));
      }, deadlineMs);
      child.on('error', reject);
      child.on('close', (status) => {
        clearTimeout(timer);
        resolve({ status: status ?? KILLED, ...output });
      });
    });
  },

  start(argv, options) {
    return new ChildLines(argv, options);
  },
};

/** The status that stands for an end by a signal, which has none. */
const KILLED = 128;

class ChildLines implements LineProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: string[] = [];
  #partial = '';
  #complaints = '';
  #closed = false;
  #wake: () => void = () => {};
  readonly ended: Promise<void>;

  constructor(argv: readonly string[], options: ProcessOptions) {
    const [program = '', ...rest] = argv;
    this.#name = options.name;
    const child = spawn(program, rest, {
      env: CHILD_ENVIRONMENT,
      detached: options.ownSession ?? false,
      stdio: ['pipe', 'pipe', 'pipe', ...(options.inherit === undefined ? [] : [options.inherit])],
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.gid !== undefined && { gid: options.gid }),
    });
    this.#child = child;
    let resolveEnded = () => {};
    this.ended = new Promise((resolve) => {
      resolveEnded = resolve;
    });
    const close = () => {
      this.#closed = true;
      this.#wake();
      resolveEnded();
    };
    child.on('error', (error) => {
      this.#complaints += error.message;
      close();
    });
    child.stdin?.on('error', () => {});
    child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#take(text))
      .on('close', close);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4096);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get complaints(): string {
    return this.#complaints.trim();
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  end(): void {
    this.#child.stdin?.end();
  }

  async nextLine(deadlineMs: number): Promise<string | undefined> {
    const deadline = performance.now() + deadlineMs;
    for (let turns = 0; ; ) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#closed) return undefined;
      const left = deadline - performance.now();
      if (left > 0) {
        await this.#nextNews(left);
        continue;
      }
      // A process that was stopped is past its deadline before it has read what has come meanwhile. Between two runs of
      // setImmediate the event loop reads once, whichever phase it is in now.
      if (turns++ === 2) throw new DeadlinePassed(this.#name, deadlineMs);
      await nextTurn();
    }
  }

  /** Lets go of a child that has been told to end; one that cannot (stuck in the kernel) does not keep us. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#child.unref();
  }

  #take(text: string): void {
    const parts = (this.#partial + text).split('\n');
    this.#partial = parts.pop() ?? '';
    this.#lines.push(...parts);
    this.#wake();
  }

  #nextNews(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
