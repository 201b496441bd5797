import { messageOf, RunError } from '../../shared/errors.ts';
import type { RunId } from '../../shared/ids.ts';
import { type Clock, DeadlinePassed, type FileSystem, type LineProcess, type Processes } from '../ports.ts';
import { freezeRecord, RUN_LOCK } from '../state-paths.ts';
import { type Isolation, spawnDetached } from './detached-process.ts';
import program from './guard.sh';
import { PlanChanged } from './plan-changed.ts';
import { shellProgram } from './shell.ts';
import { type Thaw, thaw } from './thaw.ts';

/** Nothing is held yet: systemd on a busy host may take its time. */
const START_DEADLINE_MS = 30_000;
const THAW_DEADLINE_MS = 10_000;
/** The guard's own timer runs a little longer than the agent's: in an orderly run the agent ends the window. */
const GUARD_GRACE_SECONDS = 2;

const GUARD = { name: 'guard', description: 'thaws what mysql-ebs-snapshot has frozen' };

/** The freeze window: the file systems are frozen from its making to its disposal. */
export interface FreezeWindow extends AsyncDisposable {
  /** Clock time at which the freeze was asked for. */
  readonly since: number;
  /** Whole milliseconds from the first freeze to the last thaw; known once disposed, absent where nothing was frozen. */
  readonly frozenMs: number | undefined;
  /** Whether every file system was still frozen when our order to thaw came; known once disposed. */
  readonly heldThroughout: boolean | undefined;
}

/** The process that owns the freeze. It is warm and freezes nothing until told to; its disposal lets it go. */
export interface Guard extends AsyncDisposable {
  /** Why it does not live in a unit of its own although it should. */
  readonly unitFailure: string | undefined;
  /**
   * Freezes all file systems in parallel. Throws RunError `freeze-failed` (everything has been thawed) or
   * `freeze-unknown` (no answer in time: the guard stays armed and thaws as soon as the kernel lets it).
   */
  freeze(timeoutMs: number): Promise<FreezeWindow>;
}

/** What a guard is started for. */
export interface GuardRequest {
  readonly run: RunId;
  /** The file systems to freeze, as they were planned. */
  readonly mounts: readonly FileSystem[];
  /**
   * The longest that anything may stay frozen in an orderly run; shortly after it the guard thaws, whatever becomes of
   * this process.
   */
  readonly windowMs: number;
  readonly home: Isolation;
}

/**
 * Starts the guard and waits until it is warm, has opened every mount and shares the run lock. Where systemd would not
 * have it (a container without its bus), it lives in a session of its own instead, and says so. Throws RunError
 * PlanChanged where another file system than planned is mounted somewhere, `freeze-failed` where one cannot be opened; else
 * `host-unfit`.
 */
export async function startGuard(processes: Processes, clock: Clock, request: GuardRequest): Promise<Guard> {
  const { run, mounts, windowMs, home } = request;
  const deadlineSeconds = Math.ceil(windowMs / 1000) + GUARD_GRACE_SECONDS;
  const arguments_ = mounts.map(({ mountPoint, device }) => `${device}${mountPoint}`);
  const argv = shellProgram(program, 'guard', String(deadlineSeconds), RUN_LOCK, freezeRecord(run), ...arguments_);
  let unitFailure: string | undefined;
  for (const each of home === 'unit' ? (['unit', 'session'] as const) : (['session'] as const)) {
    const child = spawnDetached(processes, each, GUARD, argv);
    const guard = new ProcessGuard(processes, clock, request, child, unitFailure);
    try {
      await guard.warm();
      return guard;
    } catch (error) {
      await guard[Symbol.asyncDispose]();
      if (error instanceof RunError) throw error;
      unitFailure = child.complaints || messageOf(error);
    }
  }
  throw new RunError('host-unfit', `the guard did not start: ${unitFailure}`);
}

/** What the guard says of one file system; guard.sh says what each word means. */
interface Report {
  readonly word:
    | 'waiting'
    | 'changed'
    | 'frozen'
    | 'busy'
    | 'refused'
    | 'unclear'
    | 'unbidden'
    | 'thawed'
    | 'gone'
    | 'stuck';
  readonly mount: string;
  readonly reason: string;
}

const REPORT = /^(waiting|changed|frozen|busy|refused|unclear|unbidden|thawed|gone|stuck) (\d+) ?(.*)$/;

class ProcessGuard implements Guard {
  readonly unitFailure: string | undefined;
  readonly #processes: Processes;
  readonly #clock: Clock;
  readonly #run: RunId;
  readonly #fileSystems: readonly FileSystem[];
  /** Their mount points, in the same order. */
  readonly #mounts: readonly string[];
  readonly #child: LineProcess;
  /** Everything that may have been frozen is known to be thawed. */
  #allThawed = false;

  constructor(
    processes: Processes,
    clock: Clock,
    { run, mounts }: GuardRequest,
    child: LineProcess,
    unitFailure: string | undefined,
  ) {
    this.unitFailure = unitFailure;
    this.#processes = processes;
    this.#clock = clock;
    this.#run = run;
    this.#fileSystems = mounts;
    this.#mounts = mounts.map(({ mountPoint }) => mountPoint);
    this.#child = child;
  }

  async warm(): Promise<void> {
    const giveUp = this.#clock.elapsed() + START_DEADLINE_MS;
    const waiting = new Set<string>();
    while (waiting.size < this.#mounts.length) {
      const report = await this.#nextReport(giveUp);
      if (report === undefined) throw new Error('it ended');
      if (report.word !== 'waiting') throw this.#notWarm(report);
      waiting.add(report.mount);
    }
  }

  /** What is mounted there now may be the parent of what was: it is left alone. */
  #notWarm({ word, mount, reason }: Report): RunError {
    if (word !== 'changed') return new RunError('freeze-failed', `${mount}: ${reason}`, { hint: NOTHING_FROZEN });
    const { device } = this.#fileSystems.find(({ mountPoint }) => mountPoint === mount) ?? {};
    return new PlanChanged(
      `${mount}: the file system of device ${reason} is mounted there now; planned was device ${device}`,
    );
  }

  async freeze(timeoutMs: number): Promise<FreezeWindow> {
    const since = this.#clock.elapsed();
    const answers = new Map<string, Report>();
    this.#child.send('freeze');
    try {
      while (answers.size < this.#mounts.length) {
        const report = await this.#nextReport(since + timeoutMs);
        if (!report || report.word === 'unbidden') throw await this.#diedWhileFreezing(answers);
        answers.set(report.mount, report);
      }
    } catch (error) {
      this.#child.end();
      if (!(error instanceof DeadlinePassed)) throw error;
      const silent = this.#mounts.filter((mount) => !answers.has(mount));
      throw new RunError('freeze-unknown', `${silent.join(', ')}: not frozen within ${timeoutMs} ms`, { cause: error });
    }
    const toThaw = [...answers.values()].filter(({ word }) => word === 'frozen' || word === 'unclear');
    const window = new GuardedWindow(
      () => this.#thaw(toThaw.map(({ mount }) => mount)),
      this.#clock,
      since,
      toThaw.length,
    );
    const refusal = [...answers.values()].find(({ word }) => word !== 'frozen');
    const tookMs = this.#clock.elapsed() - since;
    if (!refusal && tookMs < timeoutMs) {
      // A guard that has ended before its time thaws nothing any more: then it is done here, and at once.
      this.#child.ended.then(() => window.close()).catch(() => {});
      return window;
    }
    await window[Symbol.asyncDispose]();
    throw refusal ? refusalError(refusal) : lateError(timeoutMs, tookMs);
  }

  /**
   * Lets what is left of the guard end, and with it a freeze that is still on its way. With nobody left to freeze or
   * thaw anything, what may be frozen is thawed here.
   */
  async #diedWhileFreezing(answers: ReadonlyMap<string, Report>): Promise<RunError> {
    this.#child.end();
    const giveUp = this.#clock.elapsed() + THAW_DEADLINE_MS;
    while (await this.#nextReport(giveUp));
    const notOurs = (mount: string) => ['busy', 'refused'].includes(answers.get(mount)?.word ?? '');
    await this.#thawHere(this.#mounts.filter((mount) => !notOurs(mount)));
    return new RunError(
      'freeze-failed',
      `the guard ended or thawed before every file system was frozen: ${this.#child.complaints || 'it was killed, or its deadline passed'}`,
      {
        hint: 'Everything has been thawed. See the kernel log for what killed it (out of memory?).',
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    // Where even that fails, `thaw` and the next run find a record too many, and nothing frozen.
    if (this.#allThawed) await this.#forget(this.#mounts).catch(() => {});
  }

  /**
   * Gives the order and hears every thaw. Answers whether all had stayed frozen until the order: one that the
   * deadline thawed, a death in the guard, or somebody else, had not, nor one of which nobody can tell.
   */
  async #thaw(mounts: readonly string[]): Promise<boolean> {
    this.#child.send('thaw');
    this.#child.end();
    const reports = await this.#lastReports(mounts, this.#clock.elapsed() + THAW_DEADLINE_MS);
    const heard = (word: Report['word']) => reports.filter((report) => report.word === word).map(({ mount }) => mount);
    const [thawed, gone, unbidden] = [heard('thawed'), heard('gone'), heard('unbidden')];

    // What the guard could not thaw, or did not live to say, is thawed here.
    await this.#thawHere(mounts.filter((mount) => !thawed.includes(mount) && !gone.includes(mount)));
    this.#allThawed = true;
    return unbidden.length === 0 && mounts.every((mount) => thawed.includes(mount));
  }

  /** What is said until every mount has had its last word, or the guard has ended, or the time has. */
  async #lastReports(mounts: readonly string[], giveUp: number): Promise<readonly Report[]> {
    const reports: Report[] = [];
    const isLast = ({ word }: Report) => word === 'thawed' || word === 'gone' || word === 'stuck';
    try {
      while (reports.filter(isLast).length < mounts.length) {
        const report = await this.#nextReport(giveUp);
        if (!report) return reports;
        reports.push(report);
      }
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
    return reports;
  }

  /** Thaws in the guard's stead. */
  async #thawHere(mounts: readonly string[]): Promise<void> {
    if (mounts.length === 0) return;
    const fileSystems = this.#fileSystems.filter(({ mountPoint }) => mounts.includes(mountPoint));
    const outcomes = await Promise.all(fileSystems.map((fileSystem) => thaw(this.#processes, fileSystem)));
    const failed = fileSystems.filter((_, index) => typeof outcomes[index] !== 'string');
    if (failed.length > 0) throw thawError(failed, outcomes);
    await this.#forget(mounts);
  }

  /** Removes the records that a guard did not live to remove: what is thawed must not be thawed again later. */
  async #forget(mounts: readonly string[]): Promise<void> {
    if (mounts.length === 0) return;
    const records = mounts.map((mount) => freezeRecord(this.#run, this.#mounts.indexOf(mount)));
    await this.#processes.run(['rm', '-f', '--', ...records], { deadlineMs: THAW_DEADLINE_MS });
  }

  async #nextReport(giveUp: number): Promise<Report | undefined> {
    for (;;) {
      const line = await this.#child.nextLine(Math.max(0, giveUp - this.#clock.elapsed()));
      if (line === undefined) return undefined;
      const [, word, number, reason = ''] = REPORT.exec(line) ?? [];
      if (word !== undefined)
        return { word: word as Report['word'], mount: this.#mounts[Number(number)] ?? '', reason };
    }
  }
}

class GuardedWindow implements FreezeWindow {
  readonly since: number;
  frozenMs: number | undefined;
  heldThroughout: boolean | undefined;
  readonly #thaw: () => Promise<boolean>;
  readonly #clock: Clock;
  readonly #frozen: number;
  #closing: Promise<void> | undefined;

  constructor(thaw: () => Promise<boolean>, clock: Clock, since: number, frozen: number) {
    this.since = since;
    this.#thaw = thaw;
    this.#clock = clock;
    this.#frozen = frozen;
  }

  /** Ends the window once, whoever says so first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.heldThroughout = await this.#thaw();
    if (this.#frozen > 0) this.frozenMs = Math.round(this.#clock.elapsed() - this.since);
  }
}

function thawError(failed: readonly FileSystem[], outcomes: readonly Thaw[]): RunError {
  const reasons = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome.failed]));
  const mounts = failed.map(({ mountPoint }) => mountPoint).join(', ');
  return new RunError('thaw-failed', `${mounts} may still be frozen: ${reasons.join('; ')}`, {
    hint: `Run \`mysql-ebs-snapshot-agent thaw\` and look at the device below (dmesg).`,
  });
}

/** The process was stopped meanwhile: nothing of the freeze timeout is left for the request to EC2. */
const lateError = (timeoutMs: number, tookMs: number): RunError =>
  new RunError(
    'freeze-failed',
    `the freeze was heard of after ${Math.round(tookMs)} ms, more than the ${timeoutMs} ms of --freeze-timeout`,
    { hint: 'Everything has been thawed. The host, or this process, was stopped meanwhile: run again.' },
  );

const NOTHING_FROZEN = 'Nothing was frozen. Run again: what is mounted now is planned anew.';

function refusalError({ word, mount, reason }: Report): RunError {
  return word === 'busy'
    ? new RunError('freeze-failed', `${mount} is already frozen by somebody else`, {
        hint: `It is not this run's to thaw. If nobody owns it any more: \`fsfreeze --unfreeze ${mount}\`.`,
      })
    : new RunError('freeze-failed', `${mount}: ${reason}`);
}
