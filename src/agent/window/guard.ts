import { RunError } from '../../shared/errors.ts';
import { type Clock, DeadlinePassed, type LineProcess, type Processes } from '../ports.ts';
import program from './guard.sh';
import { FREEZE_RECORDS } from './state-folder.ts';
import { thaw } from './thaw.ts';

const START_DEADLINE_MS = 5_000;
const THAW_DEADLINE_MS = 10_000;
/** The guard's own timer runs a little longer than the agent's: in an orderly run the agent ends the window. */
const GUARD_GRACE_SECONDS = 2;

/** The freeze window: the file systems are frozen from its making to its disposal. */
export interface FreezeWindow extends AsyncDisposable {
  /** Whole milliseconds from the first freeze to the last thaw; known once disposed, absent where nothing was frozen. */
  readonly frozenMs: number | undefined;
  /** Whether every file system was still frozen when the order to thaw was given; known once disposed. */
  readonly heldThroughout: boolean | undefined;
}

/** The process that owns the freeze. It is warm and freezes nothing until told to; its disposal lets it go. */
export interface Guard extends AsyncDisposable {
  /**
   * Freezes all file systems in parallel. Throws RunError `freeze-failed` (everything has been thawed) or
   * `freeze-unknown` (no answer in time: the guard stays armed and thaws as soon as the kernel lets it).
   */
  freeze(timeoutMs: number): Promise<FreezeWindow>;
}

/**
 * Starts the guard in a session of its own, holding the run lock, and waits until it is warm.
 * `windowMs` is the longest that anything may stay frozen, whatever becomes of this process.
 */
export async function startGuard(
  processes: Processes,
  clock: Clock,
  mounts: readonly string[],
  windowMs: number,
  runLock: number,
): Promise<Guard> {
  const deadlineSeconds = Math.ceil(windowMs / 1000) + GUARD_GRACE_SECONDS;
  const child = processes.start(['bash', '-c', program, 'guard', String(deadlineSeconds), FREEZE_RECORDS, ...mounts], {
    name: 'guard',
    ownSession: true,
    inherit: runLock,
  });
  const guard = new ProcessGuard(processes, clock, mounts, child);
  try {
    await guard.warm();
    return guard;
  } catch (error) {
    await guard[Symbol.asyncDispose]();
    throw new RunError('host-unfit', `the guard did not start: ${child.complaints || String(error)}`);
  }
}

/** What the guard says of one file system. */
interface Report {
  readonly word: 'waiting' | 'frozen' | 'busy' | 'refused' | 'thawed';
  readonly mount: string;
  readonly rest: string;
}

class ProcessGuard implements Guard {
  readonly mounts: readonly string[];
  readonly #processes: Processes;
  readonly #clock: Clock;
  readonly #child: LineProcess;
  readonly #thawed = new Set<string>();

  constructor(processes: Processes, clock: Clock, mounts: readonly string[], child: LineProcess) {
    this.#processes = processes;
    this.#clock = clock;
    this.#child = child;
    this.mounts = mounts;
  }

  async warm(): Promise<void> {
    for (let waiting = 0; waiting < this.mounts.length; waiting++) {
      const report = await this.#nextReport(START_DEADLINE_MS);
      if (report?.word !== 'waiting') throw new Error('it ended');
    }
  }

  async freeze(timeoutMs: number): Promise<FreezeWindow> {
    const frozenSince = this.#clock.elapsed();
    const frozen = new Set<string>();
    this.#child.send('freeze');
    let refusal: Report | undefined;
    try {
      for (let answers = 0; answers < this.mounts.length; answers++) {
        const report = await this.#nextReport(timeoutMs);
        if (!report) throw new RunError('freeze-unknown', `the guard died while freezing: ${this.#child.complaints}`);
        if (report.word === 'frozen') frozen.add(report.mount);
        else refusal ??= report;
      }
    } catch (error) {
      this.#child.end();
      if (!(error instanceof DeadlinePassed)) throw error;
      const silent = this.mounts.filter((mount) => !frozen.has(mount));
      throw new RunError('freeze-unknown', `${silent.join(', ')}: not frozen within ${timeoutMs} ms`, { cause: error });
    }
    const window = new GuardedWindow(() => this.#thaw(frozen), this.#clock, frozenSince, frozen.size > 0);
    if (!refusal) return window;
    await window[Symbol.asyncDispose]();
    throw refusalError(refusal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  /** Gives the order and hears every thaw; answers whether all had stayed frozen until then. */
  async #thaw(frozen: ReadonlySet<string>): Promise<boolean> {
    const heldThroughout = await this.#stillFrozen();
    this.#child.end();
    try {
      while (this.#thawed.size < frozen.size) {
        if (!(await this.#nextReport(THAW_DEADLINE_MS))) break;
      }
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
    // A guard that died could not say so; what it left frozen is thawed here.
    const left = [...frozen].filter((mount) => !this.#thawed.has(mount));
    const failed = [];
    for (const mount of left) if (typeof (await thaw(this.#processes, mount)) !== 'string') failed.push(mount);
    if (failed.length > 0) {
      throw new RunError(
        'thaw-failed',
        `${failed.join(', ')} may still be frozen: ${this.#child.complaints || 'no answer'}`,
        {
          hint: `Run \`fsfreeze --unfreeze ${failed[0]}\` and look at the device below (dmesg).`,
        },
      );
    }
    return heldThroughout;
  }

  async #stillFrozen(): Promise<boolean> {
    try {
      await this.#nextReport(0);
      return false;
    } catch {
      return true;
    }
  }

  async #nextReport(deadlineMs: number): Promise<Report | undefined> {
    for (;;) {
      const line = await this.#child.nextLine(deadlineMs);
      if (line === undefined) return undefined;
      const said = /^(waiting|frozen|busy|refused|thawed) (\d+) ?(.*)$/.exec(line);
      if (!said) continue;
      const report = {
        word: said[1] as Report['word'],
        mount: this.mounts[Number(said[2])] ?? '',
        rest: said[3] ?? '',
      };
      if (report.word === 'thawed' && report.rest === '0') this.#thawed.add(report.mount);
      return report;
    }
  }
}

class GuardedWindow implements FreezeWindow {
  frozenMs: number | undefined;
  heldThroughout: boolean | undefined;
  readonly #thaw: () => Promise<boolean>;
  readonly #clock: Clock;
  readonly #frozenSince: number;
  readonly #anything: boolean;

  constructor(thaw: () => Promise<boolean>, clock: Clock, frozenSince: number, anything: boolean) {
    this.#thaw = thaw;
    this.#clock = clock;
    this.#frozenSince = frozenSince;
    this.#anything = anything;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heldThroughout = await this.#thaw();
    if (this.#anything) this.frozenMs = Math.round(this.#clock.elapsed() - this.#frozenSince);
  }
}

function refusalError({ word, mount, rest }: Report): RunError {
  return word === 'busy'
    ? new RunError('freeze-failed', `${mount} is already frozen by somebody else`, {
        hint: `It is not this run's to thaw. If nobody owns it any more: \`fsfreeze --unfreeze ${mount}\`.`,
      })
    : new RunError('freeze-failed', `${mount}: ${rest}`);
}
