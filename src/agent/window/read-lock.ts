import { RunError } from '../../shared/errors.ts';
import type { DdlPlan, LockBound, LockPlan } from '../plan/lock-plan.ts';
import { type Clock, ServerRefusal, type ServerSession } from '../ports.ts';

/** A statement was refused because it waited longer than lock_wait_timeout (both flavours). */
export const ER_LOCK_WAIT_TIMEOUT = 1205;
/** Giving back has a deadline of its own; a server that does not answer in it loses the connection, and so the lock. */
const RELEASE_DEADLINE_MS = 5_000;
/** Before a lock that was not granted in time is tried for again. */
export const PAUSE_BETWEEN_TRIES_MS = 5_000;
/** How much longer than lock_wait_timeout the client waits for the server to notice. */
const GRACE_MS = 2_000;
/**
 * What holds back no commit of InnoDB may also have to write: BACKUP STAGE FLUSH closes tables, and who writes to MyISAM or
 * Aria waits from there on. The server's bound ends a stage that waits, not one that is closing tables [seen on 10.11].
 */
const PREPARE_GRACE_MS = 7_000;
/** A statement of MariaDB ran into max_statement_time. */
const ER_STATEMENT_TIMEOUT = 1969;
/** BACKUP STAGE END where no stage was taken. */
const ER_BACKUP_NOT_RUNNING = 4146;

/** The read lock, held from its making to its disposal. */
export interface ReadLock extends AsyncDisposable {
  /** Clock time of the statement from which commits may wait. */
  readonly stalledSince: number;
  /** Whole milliseconds from there to the moment when commits go on; known once they do. */
  readonly stallMs: number | undefined;
  /** Lets commits go on, DDL still held back, where the server can do that; elsewhere it does nothing. Never throws. */
  unblockCommits(): Promise<void>;
}

/** The lock was not granted in time and everything has been given back; commits may have waited for `stallMs` all the same. */
export class LockNotGranted extends RunError {
  readonly stallMs: number;

  constructor(message: string, stallMs: number, cause: unknown) {
    super('lock-timeout', message, { cause });
    this.stallMs = stallMs;
  }
}

/**
 * ONE try for the read lock. Whatever goes wrong, everything is given back before this throws: a lock that was
 * refused with 1205 leaves locks behind that stop every commit.
 * `onceDdlIsHeld` looks again at what cannot change from then on: before commits wait, but under FTWRL alone, which
 * holds back both at once. What it throws is thrown on.
 * Throws LockNotGranted, or RunError `connection-lost` or `lock-refused`.
 */
export async function takeReadLock(
  session: ServerSession,
  plan: LockPlan,
  timeoutSeconds: number,
  clock: Clock,
  onceDdlIsHeld: () => Promise<void> = async () => {},
): Promise<ReadLock> {
  const timeoutMs = timeoutSeconds * 1000;
  let statement = '';
  let stalledSince: number | undefined;
  try {
    const { session: settings, bound, prepare } = plan;
    for (statement of [...settings(timeoutSeconds), bound.idle, bound.statement(timeoutSeconds), ...prepare]) {
      await session.run(statement, timeoutMs + PREPARE_GRACE_MS);
    }
    if (plan.kind !== 'ftwrl') await onceDdlIsHeld();
    stalledSince = clock.elapsed();
    statement = plan.blockCommits;
    await session.run(plan.blockCommits, timeoutMs + GRACE_MS);
    if (plan.kind === 'ftwrl') await onceDdlIsHeld();
    return new HeldReadLock(session, plan, clock, stalledSince);
  } catch (error) {
    const isReleased = await release(session, plan);
    const stallMs = stalledSince === undefined ? 0 : Math.round(clock.elapsed() - stalledSince);
    if (isReleased) await liftBound(session, plan.bound);
    throw notGranted(error, statement, timeoutSeconds, stallMs);
  }
}

/**
 * ONE try to hold back DDL, and nothing else, until its disposal. Whatever goes wrong, everything is given back before
 * this throws LockNotGranted, or RunError `connection-lost` or `lock-refused`.
 */
export async function holdDdl(
  session: ServerSession,
  { session: settings, bound }: Pick<LockPlan, 'session' | 'bound'>,
  ddl: DdlPlan,
  timeoutSeconds: number,
  onceDdlIsHeld: () => Promise<void> = async () => {},
): Promise<AsyncDisposable> {
  const releaseDdl = async () => {
    if (await release(session, ddl)) await liftBound(session, bound);
  };
  let statement = '';
  try {
    for (statement of [...settings(timeoutSeconds), bound.idle, bound.statement(timeoutSeconds), ...ddl.take])
      await session.run(statement, timeoutSeconds * 1000 + PREPARE_GRACE_MS);
    await onceDdlIsHeld();
    return { [Symbol.asyncDispose]: releaseDdl };
  } catch (error) {
    await releaseDdl();
    throw notGranted(error, statement, timeoutSeconds, 0);
  }
}

/** What a refusal of the server means; anything else is thrown on as it is. */
function notGranted(error: unknown, statement: string, timeoutSeconds: number, stallMs: number): unknown {
  if (!(error instanceof ServerRefusal)) return error;
  if (error.errno === ER_LOCK_WAIT_TIMEOUT || error.errno === ER_STATEMENT_TIMEOUT) {
    return new LockNotGranted(`${statement}: not granted within ${timeoutSeconds} s`, stallMs, error);
  }
  return new RunError('lock-refused', `${statement}: ${error.message}`, { cause: error });
}

class HeldReadLock implements ReadLock {
  readonly stalledSince: number;
  stallMs: number | undefined;
  readonly #session: ServerSession;
  readonly #plan: LockPlan;
  readonly #clock: Clock;

  constructor(session: ServerSession, plan: LockPlan, clock: Clock, stalledSince: number) {
    this.#session = session;
    this.#plan = plan;
    this.#clock = clock;
    this.stalledSince = stalledSince;
  }

  async unblockCommits(): Promise<void> {
    const { unblockCommits } = this.#plan;
    if (unblockCommits === undefined) return;
    await release(this.#session, { release: [unblockCommits] });
    this.#commitsGoOn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isReleased = await release(this.#session, this.#plan);
    this.#commitsGoOn();
    if (isReleased) await liftBound(this.#session, this.#plan.bound);
  }

  #commitsGoOn(): void {
    this.stallMs ??= Math.round(this.#clock.elapsed() - this.stalledSince);
  }
}

/**
 * Gives everything back. Only the answer that there is nothing to give back counts as given back; after any other
 * failure the session is ended, because the lock belongs to the connection. Answers whether the session lives on.
 */
async function release(session: ServerSession, plan: Pick<LockPlan, 'release'>): Promise<boolean> {
  try {
    for (const statement of plan.release) await session.run(statement, RELEASE_DEADLINE_MS);
  } catch (error) {
    if (error instanceof ServerRefusal && error.errno === ER_BACKUP_NOT_RUNNING) return true;
    await session[Symbol.asyncDispose]();
    return false;
  }
  return true;
}

/** Nothing is held any more. A session that cannot be told is one that has ended, which its next user meets. */
async function liftBound(session: ServerSession, { lift }: LockBound): Promise<void> {
  try {
    for (const statement of lift) await session.run(statement, RELEASE_DEADLINE_MS);
  } catch {
    await session[Symbol.asyncDispose]();
  }
}
