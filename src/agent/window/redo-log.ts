import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { RedoProof, RedoStatus } from '../plan/lock-plan.ts';
import type { Clock, ServerSession } from '../ports.ts';
import { parseLsn } from './lsn.ts';
import { queryUnderLock } from './query-under-lock.ts';

/** Between two looks at the redo log. */
const REDO_POLL_MS = 5;

/**
 * Proves, under the lock, that the redo of every acknowledged commit has reached the kernel; the sync or the
 * freeze that follows takes it to the volume. `lsn`: the target, where the coordinates came with it. Throws RunError
 * `redo-not-durable`.
 */
export async function proveRedoDurable(
  session: ServerSession,
  redo: RedoProof,
  lsn: bigint | undefined,
  clock: Clock,
  deadlineMs: number,
): Promise<void> {
  const target = redo.target === 'coordinates' ? lsn : (await readLsns(session, redo.target)).current;
  if (target === undefined) throw notDurable('the server reported no LSN with its coordinates');
  await queryUnderLock(session, redo.flush, 'redo-not-durable');
  const giveUp = clock.elapsed() + deadlineMs;
  await poll(clock, { firstMs: REDO_POLL_MS }, async () => {
    const { flushed, isWritten } = await readLsns(session, redo.flushed);
    if (flushed >= target || isWritten) return true;
    if (clock.elapsed() <= giveUp) return undefined;
    throw notDurable(`the redo log was not flushed to LSN ${target} within ${deadlineMs} ms`);
  });
}

interface Lsns {
  readonly current: bigint;
  readonly flushed: bigint;
  /** The flush before has written all of it to the kernel. */
  readonly isWritten: boolean;
}

async function readLsns(session: ServerSession, { as, sql }: RedoStatus): Promise<Lsns> {
  const [row] = await queryUnderLock(session, sql, 'redo-not-durable');
  const lsn = (name: string, text: string | null | undefined): bigint => {
    const parsed = parseLsn(text);
    if (parsed === undefined) throw notDurable(`the server does not report ${name}`);
    return parsed;
  };
  if (as === 'lsn-row') {
    return {
      current: lsn('Innodb_lsn_current', row?.['current']),
      flushed: lsn('Innodb_lsn_flushed', row?.['flushed']),
      isWritten: row?.['setting'] === '2',
    };
  }
  const status = row?.['Status'] ?? '';
  const inStatus = (label: string) => lsn(label, new RegExp(`^${label}\\s+(\\d+)$`, 'm').exec(status)?.[1]);
  return { current: inStatus('Log sequence number'), flushed: inStatus('Log flushed up to'), isWritten: false };
}

const notDurable = (message: string): RunError => new RunError('redo-not-durable', message);
