import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import type { SnapshotRequest } from '../plan/snapshot-plan.ts';
import { type Clock, type Row, ServerRefusal, type ServerSession } from '../ports.ts';

/** How often it is looked whether a statement has ended that is waited for, and for how long once it was killed. */
const POLL_MS = 500;
const KILLED_GONE_MS = 10_000;
/** It has ended by itself: no such thread (both flavours), no such query (MariaDB). */
const NO_SUCH_THREAD = [1094, 1957];

type GateRequest = Pick<SnapshotRequest, 'longQueryThresholdSeconds' | 'killLongQueriesAfterSeconds'>;

export interface GateOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Is told of each statement that was killed. */
  readonly killed: (message: string) => void;
}

/** A statement that has run for at least the threshold. */
interface LongStatement {
  readonly name: string;
  readonly seconds: number;
  /** Absent where it may not be killed. */
  readonly killId: number | undefined;
}

/**
 * The gate, before any lock is asked: while a statement runs that has run for the threshold already, everybody else
 * would wait behind it and us. Without `killLongQueriesAfterSeconds` it is refused at once; with it, it is waited for
 * until it has ended or run for that long, killed, and waited for again. The wait is bounded and ends with the signal.
 * Answers whether it had to wait.
 * Throws RunError `long-statement` naming the statement by id, user, time and first words; `server-denied` where the
 * server does not let us kill it.
 */
export async function passGate(
  session: ServerSession,
  plan: LockPlan,
  request: GateRequest,
  { clock, signal, killed: tell }: GateOptions,
): Promise<'open' | 'waited'> {
  const killAfter = request.killLongQueriesAfterSeconds;
  const patience = killAfter === undefined ? 0 : killAfter * 1000 + KILLED_GONE_MS;
  const since = clock.elapsed();
  const killed = new Set<number>();
  return poll(clock, { firstMs: POLL_MS, signal }, async (looked) => {
    const long = await longStatements(session, plan, request.longQueryThresholdSeconds);
    const [longest] = long;
    if (longest === undefined) return looked === 1 ? 'open' : 'waited';
    if (killAfter === undefined || clock.elapsed() - since >= patience) throw longStatementError(longest, killed);
    for (const { name, seconds, killId } of long) {
      if (seconds < killAfter || killId === undefined || killed.has(killId)) continue;
      killed.add(killId);
      if (await kill(session, plan, killId)) tell(`${name} was killed after ${seconds} s`);
    }
    return undefined;
  });
}

async function longStatements(session: ServerSession, plan: LockPlan, threshold: number): Promise<LongStatement[]> {
  const rows = await session.ask({ name: 'long statements', sql: plan.longStatementsQuery });
  return rows.map(parse).filter(({ seconds }) => seconds >= threshold);
}

const parse = ({ id, user, seconds, statement, killId }: Row): LongStatement => ({
  name: `statement ${id} of ${user} (${firstWords(statement ?? '')} …)`,
  seconds: Number(seconds),
  killId: /^\d+$/.test(killId ?? '') ? Number(killId) : undefined,
});

const longStatementError = ({ name, seconds, killId }: LongStatement, killed: ReadonlySet<number>): RunError =>
  new RunError(
    'long-statement',
    `${name} has run for ${seconds} s${killId !== undefined && killed.has(killId) ? ' and was killed' : ''}: the lock would wait for it`,
  );

/** Whether there was still something to kill. */
async function kill(session: ServerSession, plan: LockPlan, killId: number): Promise<boolean> {
  try {
    await session.run(`${plan.killStatement} ${killId}`);
    return true;
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    if (NO_SUCH_THREAD.includes(error.errno)) return false;
    throw new RunError('server-denied', `${plan.killStatement} ${killId}: ${error.message}`, { cause: error });
  }
}

/** Keywords and names up to the first literal: a statement's values do not belong into a log, nor do comments. */
const firstWords = (statement: string): string =>
  (
    /^[\s(]*((?:[A-Za-z_][\w.$`]*\s+){0,3}[A-Za-z_]\w*)/.exec(statement.replace(/\/\*.*?(\*\/|$)/gs, ' '))?.[1] ?? ''
  ).replace(/\s+/g, ' ');
