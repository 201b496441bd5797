import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { LockBound, LockPlan, OtherBackup } from '../plan/lock-plan.ts';
import { type Clock, ServerRefusal, type ServerSession } from '../ports.ts';
import { ER_LOCK_WAIT_TIMEOUT } from './read-lock.ts';

const POLL_MS = 250;

/**
 * Refuses while somebody else locks the server for a backup: our lock would wait for theirs, or ours would spoil
 * theirs. Holds back nobody, and leaves the session as it was. What passes within the time that the lock may wait (DDL
 * keeps a backup out for its moment) is no reason. Throws RunError `other-backup`.
 */
export async function refuseOtherBackup(
  session: ServerSession,
  { otherBackup, bound }: Pick<LockPlan, 'otherBackup' | 'bound'>,
  lockTimeoutSeconds: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  const until = clock.elapsed() + lockTimeoutSeconds * 1000;
  await poll(clock, { firstMs: POLL_MS, signal }, async () => {
    const seen = await look(session, otherBackup, bound);
    if (seen === undefined) return true;
    if (clock.elapsed() >= until) throw new RunError('other-backup', seen.message, { hint: seen.hint });
    return undefined;
  });
}

interface Seen {
  readonly message: string;
  readonly hint: string;
}

async function look(
  session: ServerSession,
  { witnesses, probe }: OtherBackup,
  bound: LockBound,
): Promise<Seen | undefined> {
  for (const sql of witnesses) {
    const [row] = await session.ask({ name: 'other backups', sql });
    if (row !== undefined) {
      return {
        message: `another session has locked the server as for a backup: connection ${row['id']} of ${row['user']} is ${row['state']?.replace(/^W/, 'w')}`,
        hint: 'Run again when that backup has ended; SHOW PROCESSLIST shows who is at it.',
      };
    }
  }
  if (probe === undefined || (await isFree(session, probe, bound))) return undefined;
  return {
    message: 'another session is in a BACKUP STAGE, or keeps backups out by DDL or LOCK TABLES … WRITE',
    hint: 'Run again when that has ended; SHOW PROCESSLIST shows who is connected (mariadb-backup is, for as long as it runs).',
  };
}

async function isFree(
  session: ServerSession,
  { begin, end }: NonNullable<OtherBackup['probe']>,
  { idle, lift }: LockBound,
): Promise<boolean> {
  await session.run(idle);
  let free = true;
  try {
    await session.run(begin);
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    if (error.errno !== ER_LOCK_WAIT_TIMEOUT) throw new RunError('server-denied', `${begin}: ${error.message}`);
    free = false;
  }
  if (free) await session.run(end);
  for (const statement of lift) await session.run(statement);
  return free;
}
