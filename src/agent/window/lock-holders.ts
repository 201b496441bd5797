import { RunError } from '../../shared/errors.ts';
import { poll } from '../../shared/poll.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import type { Clock, Row, ServerSession } from '../ports.ts';

/** The more often it is looked, the less likely that what is done again and again is taken for one that lasts. */
const POLL_MS = 100;

/** What was said for a lock of this type [seen on 9.7]. */
const STATEMENTS: Readonly<Record<string, string>> = {
  INTENTION_EXCLUSIVE: 'LOCK TABLES … WRITE',
  SHARED_NO_READ_WRITE: 'LOCK TABLES … WRITE',
  SHARED_READ_ONLY: 'LOCK TABLES … READ',
  SHARED_NO_WRITE: 'FLUSH TABLES … WITH READ LOCK or FOR EXPORT',
  SHARED: 'HANDLER … OPEN',
};

/**
 * Refuses while a session holds a lock that the read lock would wait for, and every commit behind it, though it may run no
 * statement. Holds back nobody. Who lets go within the time that the lock may wait is no reason: a connection counts that
 * has such a lock at every look, and an applier that has the same one; appliers that are stopped before the lock do not
 * count. Asks nothing where the server does not list them. Throws RunError `other-backup`; `long-statement` for an applier.
 */
export async function refuseLockHolders(
  session: ServerSession,
  { lockHoldersQuery: sql, replica }: Pick<LockPlan, 'lockHoldersQuery' | 'replica'>,
  lockTimeoutSeconds: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  if (sql === undefined) return;
  const until = clock.elapsed() + lockTimeoutSeconds * 1000;
  const stopsAppliers = (replica?.stopped.length ?? 0) > 0;
  let steady: ReadonlySet<string | null | undefined> | undefined;
  await poll(clock, { firstMs: POLL_MS, signal }, async () => {
    const rows = await session.ask({ name: 'lock holders', sql });
    const holders = rows.filter(
      (row) => (steady === undefined || steady.has(keyOf(row))) && !(stopsAppliers && isApplier(row)),
    );
    const [first] = holders;
    if (first === undefined) return true;
    if (clock.elapsed() >= until) throw isApplier(first) ? beingApplied(first, lockTimeoutSeconds) : heldBy(first);
    steady = new Set(holders.map(keyOf));
    return undefined;
  });
}

const isApplier = ({ applied }: Row): boolean => typeof applied === 'string';

const keyOf = (row: Row): string | null | undefined => (isApplier(row) ? row['applied'] : row['id']);

/** Never killed: replication would stop. */
const beingApplied = ({ id }: Row, seconds: number): RunError =>
  new RunError(
    'long-statement',
    `a statement or row event of the replica's applier (connection ${id}) has run for at least ${seconds} s: the read lock would wait for it, and every commit behind the lock`,
    { hint: 'Run again when it has been applied, or stop the appliers for the lock: --stop-replica-sql' },
  );

function heldBy({ id, user, type, schema, name }: Row): RunError {
  const on = schema && name ? ` on ${schema}.${name}` : '';
  return new RunError(
    'other-backup',
    `connection ${id} of ${user} holds ${STATEMENTS[type ?? ''] ?? type}${on}: the read lock would wait for it, and every commit behind the lock`,
    { hint: `Run again when it has released its locks (UNLOCK TABLES, HANDLER … CLOSE), or end it: KILL ${id}` },
  );
}
