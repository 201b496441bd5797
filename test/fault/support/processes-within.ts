import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespaceOf } from '../../../src/lab/machine/kernel-mounts.ts';

/** A living process; `session` as proc_pid_stat(5) has it, `state` R, S, D (stuck in the kernel) … */
export interface LivingProcess {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly state: string;
  readonly commandLine: string;
}

const POLL_MS = 10;

/** All processes of one mount namespace, whoever their parents are: who is started in it cannot leave it unseen. */
export class ProcessesWithin {
  readonly #namespace: string;
  readonly #apart: ReadonlySet<number>;

  /** `namespace` as the kernel names it; `apart`: those of the scene's own, by their ids. */
  constructor(namespace: string, apart: readonly number[] = []) {
    this.#namespace = namespace;
    this.#apart = new Set(apart);
  }

  async list(): Promise<readonly LivingProcess[]> {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !this.#apart.has(Number(name)));
    const found = await Promise.all(pids.map((pid) => this.#look(pid)));
    return found.filter((each) => each !== undefined);
  }

  /** Sends a signal to those that it is for; one that has ended meanwhile needs none. */
  async signal(signal: NodeJS.Signals, isFor: (each: LivingProcess) => boolean = () => true): Promise<void> {
    for (const { pid } of (await this.list()).filter(isFor)) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  /** Waits until it is so; throws after `ms` and names what lives. */
  async until(what: string, isSo: (living: readonly LivingProcess[]) => boolean, ms: number): Promise<void> {
    const giveUp = performance.now() + ms;
    for (;;) {
      const living = await this.list();
      if (isSo(living)) return;
      if (performance.now() > giveUp) throw new Error(`not ${what} after ${ms} ms: ${JSON.stringify(living, null, 2)}`);
      await sleep(POLL_MS);
    }
  }

  /** A process that ends while we look is gone, and so is one that only waits for its parent to notice. */
  async #look(pid: string): Promise<LivingProcess | undefined> {
    try {
      if ((await namespaceOf(pid)) !== this.#namespace) return undefined;
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state = '', parent = '', , session = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') return undefined;
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
      return { pid: Number(pid), parent: Number(parent), session: Number(session), state, commandLine };
    } catch {
      return undefined;
    }
  }
}
