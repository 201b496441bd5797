import { RunError } from '../../shared/errors.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import type { ServerReader } from '../ports.ts';

/**
 * Before any lock is asked: refuses while a statement runs that the lock would have to wait for, because everybody
 * else would wait behind it. Names the statement by id, user, time and first words. Throws RunError `long-statement`.
 */
export async function refuseLongStatements(
  server: ServerReader,
  plan: LockPlan,
  thresholdSeconds: number,
): Promise<void> {
  const rows = await server.ask({ name: 'long statements', sql: plan.blockers });
  const blocker = rows.find((row) => Number(row['seconds']) >= thresholdSeconds);
  if (!blocker) return;
  const { id, user, seconds, statement } = blocker;
  throw new RunError(
    'long-statement',
    `statement ${id} of ${user} has run for ${seconds} s (${firstWords(statement ?? '')} …): the lock would wait for it`,
  );
}

/** Keywords and names up to the first literal: a statement's values do not belong into a log. */
const firstWords = (statement: string): string =>
  (/^[\s(]*((?:[A-Za-z_][\w.$`]*\s+){0,3}[A-Za-z_]\w*)/.exec(statement)?.[1] ?? '').replace(/\s+/g, ' ');
