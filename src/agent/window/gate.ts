import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import type { SnapshotRequest } from '../plan/snapshot-plan.ts';
import { type Clock, type Row, ServerRefusal, type ServerSession } from '../ports.ts';

/** How often it is looked whether a statement has ended that is waited for, and for how long once it was killed. */
const POLL_MS = 500;
const KILLED_GONE_MS = 10_000;
/** A gate that opened in this time has made nothing old. */
const STILL_FRESH_MS = 1_000;
/** It has ended by itself: no such thread (both flavours), no such query (MariaDB). */
const NO_SUCH_THREAD = [1094, 1957];

type GateRequest = Pick<SnapshotRequest, 'longQueryThresholdSeconds' | 'killLongQueriesAfterSeconds'>;

export interface GateOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Is told of each statement that was killed. */
  readonly killed: (message: string) => void;
}

/** A statement that runs, as one look at the server shows it. */
interface Seen {
  readonly name: string;
  /** Tells it from every other statement; where the server does not number them, from those of other words. */
  readonly key: string;
  /** Absent where the server does not tell, or tells what cannot be. */
  readonly seconds: number | undefined;
  /** Whether no client can have set `seconds`. */
  readonly measured: boolean;
  /** Absent where it may not be killed. */
  readonly killId: number | undefined;
}

/** With what is known of its age. Seconds. */
interface Running extends Seen {
  /** At least so long, as far as is known. */
  readonly age: number;
  /** At least so long for certain: nothing else is a reason to kill. */
  readonly certainAge: number;
  /** Whether it may have run for longer than anything tells. */
  readonly unclear: boolean;
}

/**
 * The gate, before any lock is asked: while a statement runs that has run for the threshold already, everybody else
 * would wait behind it and us. Without `killLongQueriesAfterSeconds` it is refused at once; with it, it is waited for
 * until it has ended or run for that long, killed, and waited for again. A statement of unknown age is watched until it
 * has ended or been seen for the threshold. The wait is bounded and ends with the signal.
 * Answers `waited` where it took so long that what was proven before is old.
 * Throws RunError `long-statement` naming the statement by id, user, time and first words; `server-denied` where the
 * server does not let us kill it.
 */
export async function passGate(
  session: ServerSession,
  plan: LockPlan,
  request: GateRequest,
  { clock, signal, killed: tell }: GateOptions,
): Promise<'open' | 'waited'> {
  const { longQueryThresholdSeconds: threshold, killLongQueriesAfterSeconds: killAfter } = request;
  const patience = killAfter === undefined ? 0 : killAfter * 1000 + KILLED_GONE_MS;
  const since = clock.elapsed();
  const killed = new Set<string>();
  const watch = startWatch(clock);
  return poll(clock, { firstMs: POLL_MS, signal }, async () => {
    const running = watch(await listStatements(session, plan));
    const long = running.filter(({ age }) => age >= threshold).sort((a, b) => b.age - a.age);
    const [longest] = long;
    if (longest === undefined) {
      if (running.some(({ unclear }) => unclear)) return undefined;
      return clock.elapsed() - since < STILL_FRESH_MS ? 'open' : 'waited';
    }
    if (killAfter === undefined || clock.elapsed() - since >= patience) throw longStatementError(longest, killed);
    for (const statement of long) {
      if (statement.certainAge < killAfter || killed.has(statement.key)) continue;
      if (!(await kill(session, plan, statement))) continue;
      killed.add(statement.key);
      tell(`${statement.name} was killed after ${statement.certainAge} s`);
    }
    return undefined;
  });
}

/** Remembers since when each statement has been seen, look after look; whatever is missing in one look has ended. */
function startWatch(clock: Clock): (now: readonly Seen[]) => readonly Running[] {
  let since: ReadonlyMap<string, number> | undefined;
  let firstLook = new Set<string>();
  return (now) => {
    const at = clock.elapsed();
    const before = since;
    if (before === undefined) firstLook = new Set(now.map(({ key }) => key));
    since = new Map(now.map(({ key }) => [key, before?.get(key) ?? at]));
    firstLook = new Set([...firstLook].filter((key) => since?.has(key)));
    return now.map((statement) => {
      const watched = Math.floor((at - (since?.get(statement.key) ?? at)) / 1000);
      const { seconds, measured } = statement;
      const certainAge = measured && seconds !== undefined ? seconds : watched;
      return {
        ...statement,
        age: Math.max(seconds ?? 0, certainAge),
        certainAge,
        // What was not there at the look before has begun since.
        unclear: seconds === undefined && firstLook.has(statement.key),
      };
    });
  };
}

async function listStatements(session: ServerSession, plan: LockPlan): Promise<readonly Seen[]> {
  const rows = await session.ask({ name: 'long statements', sql: plan.longStatementsQuery });
  const upSeconds = rows.some(({ measured }) => measured !== '1') ? await readUptime(session) : 0;
  return rows.map((row) => parse(row, upSeconds));
}

function parse({ id, user, seconds, measured, statement, statementId, killId }: Row, upSeconds: number): Seen {
  const told = /^-?\d{1,15}$/.test(seconds ?? '') ? Number(seconds) : -1;
  const isMeasured = measured === '1';
  return {
    name: `statement ${id} of ${user} (${firstWords(statement ?? '')} …)`,
    key: statementId ?? `${id} ${statement}`,
    seconds: told >= 0 && (isMeasured || told <= upSeconds) ? told : undefined,
    measured: isMeasured && told >= 0,
    killId: /^\d+$/.test(killId ?? '') ? Number(killId) : undefined,
  };
}

/** Nothing has run for longer than the server. 0 where it does not tell. */
async function readUptime(session: ServerSession): Promise<number> {
  const [row] = await session.ask({ name: 'uptime', sql: "SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime')" });
  return Number(row?.['Value'] ?? 0);
}

const longStatementError = ({ name, age, key }: Running, killed: ReadonlySet<string>): RunError =>
  new RunError(
    'long-statement',
    `${name} has run for ${age} s${killed.has(key) ? ' and was killed' : ''}: the lock would wait for it`,
  );

/**
 * Whether there was still something to kill. A connection may be at its next statement already, so that it is looked at
 * once more right before: MySQL's KILL knows no statement, only the connection.
 */
async function kill(session: ServerSession, plan: LockPlan, { key, killId }: Running): Promise<boolean> {
  if (killId === undefined) return false;
  const now = await listStatements(session, plan);
  if (!now.some((statement) => statement.key === key && statement.killId === killId)) return false;
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
