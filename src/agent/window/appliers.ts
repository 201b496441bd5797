import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { ApplierPlan } from '../ports.ts';
import { DeadlinePassed, type LineProcess, ServerRefusal, type ServerSession } from '../ports.ts';
import { SIGN_OF_LIFE_MS } from './applier-watchdog-request.ts';

const STOP_DEADLINE_MS = 30_000;
const START_DEADLINE_MS = 10_000;
const POLL_MS = 100;
/** How much longer than the watchdog itself it is waited for: it has to start, and to connect. */
const WATCHDOG_GRACE_MS = 20_000;
/** MySQL: STOP waited for as long as the server lets it, and goes on all the same. */
const ER_STOP_TIMEOUT = 1875;

/** What became of the order to stop. `unclear`: it may take effect yet, when what is being applied has ended. */
export type Stop = 'stopped' | { readonly refused: string } | { readonly unclear: string };

/** Stops the appliers, one after the other. Never throws. */
export async function stopAppliers(session: ServerSession, { stop }: ApplierPlan): Promise<Stop> {
  try {
    for (const statement of stop) await session.run(statement, STOP_DEADLINE_MS);
    return 'stopped';
  } catch (error) {
    const isRefusal = error instanceof ServerRefusal && error.errno !== ER_STOP_TIMEOUT;
    return isRefusal ? { refused: messageOf(error) } : { unclear: messageOf(error) };
  }
}

/**
 * Starts every applier and believes only the server that it runs: a START that comes while a STOP is still in effect
 * answers well and does nothing. Throws what the first failure was where not all run within the deadline.
 */
export async function startAppliers(session: ServerSession, { channels, start, status }: ApplierPlan): Promise<void> {
  const giveUp = performance.now() + START_DEADLINE_MS;
  let trouble: unknown;
  for (;;) {
    for (const statement of start) {
      await session.run(statement, START_DEADLINE_MS).catch((error: unknown) => {
        if (!(error instanceof ServerRefusal)) throw error;
        trouble ??= error;
      });
    }
    const rows = await session.run(status.sql, START_DEADLINE_MS);
    const runs = (name: string) =>
      rows.some((row) => row[status.channel] === name && row[status.applying]?.toUpperCase() === 'YES');
    const still = channels.filter((name) => !runs(name));
    if (still.length === 0) return;
    if (performance.now() > giveUp) throw trouble ?? new Error(`the applier of '${still[0]}' does not run`);
    await sleep(POLL_MS);
  }
}

/** What starting the appliers takes where the watchdog did not. */
export interface RestartFallback {
  /** The run's own session: whoever has one needs no other. */
  readonly session: ServerSession;
  connect(): Promise<ServerSession>;
  /** Removes the watchdog's record. */
  forget(): void;
}

/**
 * Stops the appliers of a replica until its disposal, by a watchdog apart from this process: whoever of the two dies, the
 * other starts them again; where this process is stopped, the watchdog does. Throws RunError `lock-refused` (nothing was stopped) or `applier-stopped` (one may stop yet; the
 * watchdog lives on to start it again). Its disposal throws RunError `applier-stopped` where neither could start them.
 */
export async function keepAppliersStopped(
  plan: ApplierPlan,
  watchdog: LineProcess,
  instead: RestartFallback,
): Promise<AsyncDisposable> {
  const said = await readReply(watchdog, STOP_DEADLINE_MS * plan.stop.length + WATCHDOG_GRACE_MS);
  if (said === 'stopped') return new StoppedAppliers(plan, watchdog, instead);
  watchdog.end();
  await watchdog[Symbol.asyncDispose]();
  if (said?.startsWith('refused '))
    throw new RunError('lock-refused', `--stop-replica-sql: ${said.slice('refused '.length)}`);
  const reason = said?.replace(/^unclear /, '') ?? 'its watchdog does not answer';
  throw new RunError('applier-stopped', `--stop-replica-sql: ${reason}: an applier may be stopped, or stop yet`);
}

class StoppedAppliers implements AsyncDisposable {
  readonly #plan: ApplierPlan;
  readonly #watchdog: LineProcess;
  readonly #instead: RestartFallback;
  readonly #signs: NodeJS.Timeout;

  constructor(plan: ApplierPlan, watchdog: LineProcess, instead: RestartFallback) {
    this.#signs = setInterval(() => watchdog.send('alive'), SIGN_OF_LIFE_MS);
    this.#plan = plan;
    this.#watchdog = watchdog;
    this.#instead = instead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#signs);
    this.#watchdog.end();
    const said = await readReply(this.#watchdog, START_DEADLINE_MS + WATCHDOG_GRACE_MS);
    await this.#watchdog[Symbol.asyncDispose]();
    if (said === 'started') return;
    try {
      await this.#startHere();
      this.#instead.forget();
    } catch (error) {
      throw new RunError('applier-stopped', `${this.#plan.start.join('; ')}: ${messageOf(error)}`, { cause: error });
    }
  }

  async #startHere(): Promise<void> {
    try {
      await startAppliers(this.#instead.session, this.#plan);
    } catch {
      await using session = await this.#instead.connect();
      await startAppliers(session, this.#plan);
    }
  }
}

async function readReply(watchdog: LineProcess, deadlineMs: number): Promise<string | undefined> {
  try {
    return await watchdog.nextLine(deadlineMs);
  } catch (error) {
    if (error instanceof DeadlinePassed) return undefined;
    throw error;
  }
}
