import { messageOf, RunError } from '../../shared/errors.ts';
import type { ApplierPlan } from '../plan/appliers.ts';
import { DeadlinePassed, type LineProcess, type ServerSession } from '../ports.ts';

/** What is being applied has to come to its end first. */
export const STOP_DEADLINE_MS = 30_000;
export const START_DEADLINE_MS = 10_000;
/** How much longer than the keeper itself it is waited for: it has to start, and to connect. */
const KEEPER_GRACE_MS = 20_000;

/**
 * Stops the appliers of a replica until its disposal, by a keeper apart from this process: whoever of the two dies, the
 * other starts them again. Throws RunError `lock-refused` with everything started again; its disposal throws RunError
 * `applier-stopped` where neither could.
 */
export async function stopAppliers(
  plan: ApplierPlan,
  keeper: LineProcess,
  instead: InItsStead,
): Promise<AsyncDisposable> {
  const stopped = new StoppedAppliers(plan, keeper, instead);
  const said = await word(keeper, STOP_DEADLINE_MS * plan.stop.length + KEEPER_GRACE_MS);
  if (said === 'stopped') return stopped;
  await stopped[Symbol.asyncDispose]();
  const reason = said?.replace(/^failed /, '') ?? (keeper.complaints || 'no answer');
  throw new RunError('lock-refused', `--stop-replica-sql: ${reason}`, {
    hint: 'See SHOW REPLICA STATUS; a long transaction that is being applied has to end first.',
  });
}

/** What starting them takes where the keeper did not. */
export interface InItsStead {
  connect(): Promise<ServerSession>;
  /** Removes the keeper's record. */
  forget(): void;
}

class StoppedAppliers implements AsyncDisposable {
  readonly #plan: ApplierPlan;
  readonly #keeper: LineProcess;
  readonly #instead: InItsStead;

  constructor(plan: ApplierPlan, keeper: LineProcess, instead: InItsStead) {
    this.#plan = plan;
    this.#keeper = keeper;
    this.#instead = instead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keeper.end();
    const said = await word(this.#keeper, START_DEADLINE_MS * this.#plan.start.length + KEEPER_GRACE_MS);
    await this.#keeper[Symbol.asyncDispose]();
    if (said === 'started') return;
    try {
      await using session = await this.#instead.connect();
      await startAppliers(session, this.#plan.start);
      this.#instead.forget();
    } catch (error) {
      throw new RunError('applier-stopped', `${this.#plan.start.join('; ')}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** To start what runs already is no error, on either flavour. */
export async function startAppliers(session: ServerSession, start: readonly string[]): Promise<void> {
  for (const statement of start) await session.run(statement, START_DEADLINE_MS);
}

async function word(keeper: LineProcess, deadlineMs: number): Promise<string | undefined> {
  try {
    return await keeper.nextLine(deadlineMs);
  } catch (error) {
    if (error instanceof DeadlinePassed) return undefined;
    throw error;
  }
}
