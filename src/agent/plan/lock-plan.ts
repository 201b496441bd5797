import type { ServerFacts } from '../discovery/facts.ts';
import { atLeast } from '../discovery/server-version.ts';

/**
 * How this server's commits are kept out, decided by flavour, version and settings: never by trial.
 * Facts: MySQL and MariaDB manuals; behaviour seen on MariaDB 10.11 and MySQL 9.7.
 */
export interface LockPlan {
  readonly kind: 'backup-stage' | 'instance-then-ftwrl' | 'ftwrl';
  /** The statements that run now and would make the lock wait: columns `id`, `user`, `seconds`, `statement`. */
  readonly blockers: string;
  /** Statements that hold back no commit: taken first, in order. */
  readonly prepare: readonly string[];
  /** The statement from which on commits may wait. */
  readonly block: string;
  /** Gives everything back, in order; also right after a refusal (a 1205 of FTWRL leaves locks behind). */
  readonly release: readonly string[];
  /** Session settings that let the session idle through the window and wait no longer than it may. */
  readonly session: (lockTimeoutSeconds: number) => readonly string[];
  /** How the server itself testifies that this session still holds the lock. */
  readonly stillHeld: HeldProof;
  /** One row: the file, the position and (MySQL) the executed GTID set. */
  readonly coordinates: string;
  /** One row with a column `gtid`; absent where GTIDs are not in use or come with `coordinates`. */
  readonly gtid?: string;
  /** Then a GTID position that has not moved proves that nothing was committed. */
  readonly everyCommitHasGtid: boolean;
  readonly redo: RedoProof;
}

/**
 * `refusal`: the statement is refused with this error number because the lock is held (MariaDB 10.11: asking for a
 * stage twice is error 4147; without the lock it is 4146). `row`: the query answers a row. `connection`: the server
 * has no better witness than that the connection which took the lock has never ended.
 */
export type HeldProof =
  | { readonly by: 'refusal'; readonly sql: string; readonly errno: number }
  | { readonly by: 'row'; readonly sql: string }
  | { readonly by: 'connection' };

/**
 * How the redo log is proven durable under the lock.
 * `setting`: every acknowledged commit had reached the kernel, and the sync or freeze does the rest.
 * `lsn`: wait until the flushed LSN has reached the current one.
 */
export type RedoProof =
  | { readonly by: 'setting' }
  | {
      readonly by: 'lsn';
      readonly before: readonly string[];
      readonly status: string;
      readonly current: string;
      readonly flushed: string;
    };

/**
 * Sleeping sessions and the server's own threads never block. On MySQL the lock waits behind any statement, a SELECT
 * included; on MariaDB 10.11 a SELECT was seen to hold up neither BACKUP STAGE nor FTWRL.
 */
const blockers = (condition: string) => `SELECT ID AS id, USER AS user, TIME AS seconds, LEFT(INFO, 60) AS statement
  FROM information_schema.PROCESSLIST
  WHERE COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID() AND USER <> 'system user' AND INFO IS NOT NULL
  ${condition} ORDER BY TIME DESC LIMIT 5`;

export function planLock(server: ServerFacts): LockPlan {
  return server.version.flavour === 'mariadb' ? mariadb(server) : mysql(server);
}

function mariadb(server: ServerFacts): LockPlan {
  const common = {
    session: (seconds: number) => [
      'SET SESSION wait_timeout = 86400, max_statement_time = 0',
      `SET SESSION lock_wait_timeout = ${seconds}`,
    ],
    coordinates: atLeast(server.version, 10, 5, 2) ? 'SHOW BINLOG STATUS' : 'SHOW MASTER STATUS',
    blockers: blockers("AND INFO NOT REGEXP '^[[:space:](]*(SELECT|SHOW|WITH)'"),
    gtid: 'SELECT @@GLOBAL.gtid_binlog_pos AS gtid',
    everyCommitHasGtid: server.gtidMode === 'on',
    redo: mariadbRedo(server),
  };
  if (!atLeast(server.version, 10, 4)) return { ...common, ...flushTablesWithReadLock };
  return {
    ...common,
    kind: 'backup-stage',
    prepare: ['BACKUP STAGE START', 'BACKUP STAGE FLUSH', 'BACKUP STAGE BLOCK_DDL'],
    block: 'BACKUP STAGE BLOCK_COMMIT',
    release: ['BACKUP STAGE END'],
    stillHeld: { by: 'refusal', sql: 'BACKUP STAGE BLOCK_COMMIT', errno: 4147 },
  };
}

function mysql(server: ServerFacts): LockPlan {
  const common = {
    session: (seconds: number) => ['SET SESSION wait_timeout = 86400', `SET SESSION lock_wait_timeout = ${seconds}`],
    blockers: blockers(''),
    coordinates: atLeast(server.version, 8, 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
    everyCommitHasGtid: server.gtidMode === 'on',
    redo: mysqlRedo(server),
  };
  if (!atLeast(server.version, 8, 0)) return { ...common, ...flushTablesWithReadLock };
  return {
    ...common,
    kind: 'instance-then-ftwrl',
    prepare: ['LOCK INSTANCE FOR BACKUP'],
    block: 'FLUSH TABLES WITH READ LOCK',
    release: ['UNLOCK TABLES', 'UNLOCK INSTANCE'],
    stillHeld: server.metadataLocksListed ? { by: 'row', sql: GLOBAL_READ_LOCK } : { by: 'connection' },
  };
}

const GLOBAL_READ_LOCK = `SELECT 1 FROM performance_schema.metadata_locks JOIN performance_schema.threads
  ON threads.THREAD_ID = metadata_locks.OWNER_THREAD_ID
  WHERE PROCESSLIST_ID = CONNECTION_ID() AND OBJECT_TYPE = 'GLOBAL' AND LOCK_STATUS = 'GRANTED'
  AND LOCK_TYPE = 'SHARED'`;

const flushTablesWithReadLock = {
  kind: 'ftwrl',
  prepare: [],
  block: 'FLUSH TABLES WITH READ LOCK',
  release: ['UNLOCK TABLES'],
  stillHeld: { by: 'connection' },
} as const;

/** Seen on MariaDB 10.11 at 0: FLUSH ENGINE LOGS does not help, waiting for the flushed LSN does. */
function mariadbRedo(server: ServerFacts): RedoProof {
  if (server.flushLogAtTrxCommit !== 0) return { by: 'setting' };
  return {
    by: 'lsn',
    before: [],
    status: "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_lsn_current', 'Innodb_lsn_flushed')",
    current: 'Innodb_lsn_current',
    flushed: 'Innodb_lsn_flushed',
  };
}

/** The NO_WRITE_TO_BINLOG form: without it the flush moves the coordinates, and on a replica takes a GTID. */
function mysqlRedo(server: ServerFacts): RedoProof {
  if (server.flushLogAtTrxCommit !== 0) return { by: 'setting' };
  return {
    by: 'lsn',
    before: ['FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS'],
    status:
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_redo_log_current_lsn', 'Innodb_redo_log_flushed_to_disk_lsn')",
    current: 'Innodb_redo_log_current_lsn',
    flushed: 'Innodb_redo_log_flushed_to_disk_lsn',
  };
}
