import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { RedoProof } from '../plan/lock-plan.ts';
import type { Clock, ServerSession } from '../ports.ts';
import { queryUnderLock } from './query-under-lock.ts';

/** Between two looks at the redo log. */
const REDO_POLL_MS = 5;

/**
 * Proves, under the lock, that the redo of every acknowledged commit has reached the kernel; the sync or the
 * freeze that follows takes it to the volume. Throws RunError `redo-not-durable`.
 */
export async function proveRedoDurable(
  session: ServerSession,
  redo: RedoProof,
  clock: Clock,
  deadlineMs: number,
): Promise<void> {
  if (redo.by === 'setting') return;
  for (const statement of redo.before) await queryUnderLock(session, statement, 'redo-not-durable');
  const target = (await lsns(session, redo)).current;
  const giveUp = clock.elapsed() + deadlineMs;
  await poll(clock, { firstMs: REDO_POLL_MS }, async () => {
    if ((await lsns(session, redo)).flushed >= target) return true;
    if (clock.elapsed() <= giveUp) return undefined;
    throw new RunError('redo-not-durable', `the redo log was not flushed to LSN ${target} within ${deadlineMs} ms`);
  });
}

async function lsns(session: ServerSession, redo: Extract<RedoProof, { by: 'lsn' }>) {
  const rows = await queryUnderLock(session, redo.status, 'redo-not-durable');
  const value = (name: string) => {
    const text = rows.find((row) => row['Variable_name'] === name)?.['Value'];
    if (!text || !/^\d+$/.test(text)) throw new RunError('redo-not-durable', `the server does not report ${name}`);
    return BigInt(text);
  };
  return { current: value(redo.current), flushed: value(redo.flushed) };
}
