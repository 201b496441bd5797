import type { ReplicaFacts, ServerFacts, ServerVersion } from '../discovery/facts.ts';
import { type ReplicaStatus, replicaStatus } from '../discovery/replica.ts';
import { atLeast } from '../discovery/server-version.ts';

/**
 * How this server's commits are kept out, decided by flavour, version and settings: never by trial.
 * Facts: MySQL and MariaDB manuals; behaviour seen on MariaDB 10.11 and MySQL 9.7.
 */
export interface LockPlan {
  readonly kind: 'backup-stage' | 'instance-then-ftwrl' | 'ftwrl';
  /**
   * All statements that run now: columns `id`, `user`, `statement`; `seconds`, and `measured`, which is `1` where the
   * server has measured them and no client can set them; `statementId`, which no other statement has, null where the
   * server does not number them; and `killId`, which is null where the statement is not one that may be killed.
   */
  readonly longStatementsQuery: string;
  /** Stands before a `killId`. */
  readonly killStatement: string;
  readonly otherBackup: OtherBackup;
  /**
   * The locks that make the read lock wait and that need no statement to run: a row each with `id`, `user`, `type`,
   * `schema` and `name`; `applied` is null but where a replica's applier holds it, and then tells what it applies from
   * what it applies next. Absent where the server does not list them.
   */
  readonly lockHoldersQuery?: string;
  /** Whether everything that can make commits wait behind the read lock is seen before it; else there is no second try. */
  readonly blockersSeen: boolean;
  /** Statements that hold back no commit: taken first, in order. */
  readonly prepare: readonly string[];
  /** The statement from which on commits may wait. */
  readonly blockCommits: string;
  /** Lets commits go on while DDL is still held back; absent where one lock does both. */
  readonly unblockCommits?: string;
  /** Releases everything, in order; also right after a refusal (a 1205 of FTWRL leaves locks behind). */
  readonly release: readonly string[];
  /** Session settings: how long the lock may wait, and that nothing else ends a statement. */
  readonly session: (lockTimeoutSeconds: number) => readonly string[];
  readonly bound: LockBound;
  /** How the server itself testifies that this session still holds the lock. */
  readonly stillHeld: HeldProof;
  /** One row: `File`, `Position`, (MySQL) `Executed_Gtid_Set` and, where the redo proof wants it, `lsn`. */
  readonly coordinates: string;
  /** One row with a column `gtid`; absent where GTIDs are not in use or come with `coordinates`. */
  readonly gtid?: string;
  /** Where the server is a replica: how it is asked what it has executed of its sources. */
  readonly replica?: ReplicaPlan;
  /** Then a GTID position that has not moved proves that nothing was committed. */
  readonly everyCommitHasGtid: boolean;
  readonly redo: RedoProof;
  /** How DDL alone is held back: at level `crash` while the image is taken, with the read lock until the end. */
  readonly ddl?: DdlPlan;
}

/**
 * How long the server itself lets a session hold a lock that does not end it: the agent may be stopped, and then neither
 * dies nor goes on. Seen on MySQL 9.7 and MariaDB 10.11: an idle session loses its lock `wait_timeout` seconds after its
 * last statement; a statement that runs keeps it, whether or not its client is gone.
 */
export interface LockBound {
  /** Before the first lock statement. */
  readonly idle: string;
  /** Before the first lock statement as well: the longest that a statement may run, where the server can be told. */
  readonly statement: (lockTimeoutSeconds: number) => string;
  /** After the release: the session idles for longer when nothing is held. */
  readonly lift: readonly string[];
}

export interface DdlPlan {
  /** Hold back no commit. */
  readonly take: readonly string[];
  readonly release: readonly string[];
  readonly stillHeld: HeldProof;
}

export interface ReplicaPlan {
  readonly status: ReplicaStatus;
  /** Parallel workers: the places of the channels that are being applied are low-water marks. */
  readonly parallel: boolean;
  /** The channels whose appliers we have stopped: their places are exact, as long as they stand still. */
  readonly stopped: readonly string[];
  /** One row with a column `gtid`, where that is not in the server's own GTID set. */
  readonly gtid?: string;
}

/** How it is noticed that somebody else locks this server for a backup. */
export interface OtherBackup {
  /** One row a session that such a lock makes wait, or (where the server lists them) holds one: `id`, `user`, `state`. */
  readonly witnesses: readonly string[];
  /** Is refused with 1205 while another session holds such a lock; `end` gives back what it took. */
  readonly probe?: { readonly begin: string; readonly end: string };
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
 * How the redo log is proven durable under the lock, whatever `innodb_flush_log_at_trx_commit` says there: it may have
 * been another value when a commit was acknowledged (seen on MariaDB 11.8: set to 0 and back to 1 before the lock, 40 of 40
 * commits were missing from the image). The target is read before the flush: read after it, background work may have
 * moved it on.
 */
export interface RedoProof {
  /** Answers the target; `coordinates`: the row of the coordinates has it, in the column `lsn`. */
  readonly target: 'coordinates' | RedoStatus;
  /** The NO_WRITE_TO_BINLOG form: without it the flush moves the coordinates, and on a replica takes a GTID. */
  readonly flush: 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS';
  /** Answers how far the redo log has been flushed. */
  readonly flushed: RedoStatus;
}

/**
 * `innodb-status`: the text of SHOW ENGINE INNODB STATUS, which is live on both flavours.
 * `lsn-row`: one row with the columns `current`, `flushed` and `setting` (innodb_flush_log_at_trx_commit).
 */
export type RedoStatus =
  | { readonly as: 'innodb-status'; readonly sql: 'SHOW ENGINE INNODB STATUS' }
  | { readonly as: 'lsn-row'; readonly sql: string };

/** Who waits in such a state waits for somebody's FTWRL, backup stage or backup lock, or for a SET GLOBAL read_only. */
const WAITING_FOR_BACKUP = "'Waiting for backup lock', 'Waiting for global read lock', 'Waiting for commit lock'";

/**
 * What runs for others than ourselves and the server's own threads (replication among them, whose TIME is a delay).
 * A SELECT counts on every flavour. MySQL's lock waits behind it; on MariaDB 10.11 neither BACKUP STAGE nor FTWRL was
 * seen to, but other versions were not looked at, and DDL that the lock lets in queues behind a reader, and everybody
 * else behind that DDL. A COMMAND that is not known counts as a statement (MariaDB's bulk execution is one). The statement
 * of an event (`Connect`) blocks as any other does, but is nobody's to kill; one that was killed blocks until it has
 * rolled back. Whom another backup keeps waiting is its victim, and is left out here: `OtherBackup` sees to that.
 */
const OF_OTHERS = `ID <> CONNECTION_ID() AND USER NOT IN ('system user', 'event_scheduler')
  AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID', 'Register Slave', 'Register Replica',
  'Connect Out', 'Delayed insert', 'Slave_IO', 'Slave_SQL', 'Slave_worker')
  AND (INFO IS NOT NULL OR COMMAND NOT IN ('Connect', 'Query', 'Killed'))
  AND COALESCE(STATE, '') NOT IN (${WAITING_FOR_BACKUP})`;

const STATEMENT = 'COALESCE(LEFT(INFO, 200), COMMAND) AS statement';

const killIdOf = (number: string) => `IF(COMMAND IN ('Connect', 'Killed'), NULL, ${number}) AS killId`;

/** MariaDB's TIME ignores SET TIMESTAMP and the clock [seen on 10.11], and its statements have numbers. */
const MARIADB_STATEMENTS = `SELECT ID AS id, USER AS user, ${STATEMENT}, TIME AS seconds, 1 AS measured,
  QUERY_ID AS statementId, ${killIdOf('QUERY_ID')} FROM information_schema.PROCESSLIST WHERE ${OF_OTHERS}`;

/** On MySQL a client that said SET TIMESTAMP, as mysqlbinlog does before every event, has set TIME [seen on 9.7]. */
const MYSQL_STATEMENTS = `SELECT ID AS id, USER AS user, ${STATEMENT}, TIME AS seconds, 0 AS measured,
  NULL AS statementId, ${killIdOf('ID')} FROM information_schema.PROCESSLIST WHERE ${OF_OTHERS}`;

/**
 * TIMER_WAIT is measured. Within a CALL a thread has several rows, of which the outermost counts; it has none where it is
 * not instrumented, and one that has ended keeps its last [seen on 9.7].
 */
const MYSQL_TIMED_STATEMENTS = `SELECT ID AS id, USER AS user, ${STATEMENT},
  COALESCE(FLOOR(TIMER_WAIT / 1000000000000), TIME) AS seconds, IF(TIMER_WAIT IS NULL, 0, 1) AS measured,
  CONCAT(events_statements_current.THREAD_ID, ':', EVENT_ID) AS statementId, ${killIdOf('ID')}
  FROM information_schema.PROCESSLIST
  LEFT JOIN performance_schema.threads ON PROCESSLIST_ID = ID
  LEFT JOIN performance_schema.events_statements_current
  ON events_statements_current.THREAD_ID = threads.THREAD_ID AND NESTING_EVENT_LEVEL = 0 AND END_EVENT_ID IS NULL
  WHERE ${OF_OTHERS}`;

const BLOCKED_SESSIONS = `SELECT ID AS id, USER AS user, STATE AS state FROM information_schema.PROCESSLIST
  WHERE ID <> CONNECTION_ID()
  AND STATE IN (${WAITING_FOR_BACKUP}) LIMIT 1`;

/** LOCK INSTANCE FOR BACKUP (DDL takes the same lock, but not SHARED) and FTWRL, held or asked for. */
const BACKUP_LOCK_HOLDERS = `SELECT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user, 'holding it' AS state
  FROM performance_schema.metadata_locks JOIN performance_schema.threads
  ON threads.THREAD_ID = metadata_locks.OWNER_THREAD_ID
  WHERE OBJECT_TYPE IN ('BACKUP LOCK', 'GLOBAL') AND LOCK_TYPE = 'SHARED'
  AND PROCESSLIST_ID IS NOT NULL AND PROCESSLIST_ID <> CONNECTION_ID() LIMIT 1`;

/** Renamed in MySQL 8.0.26. */
const APPLIER_THREADS =
  "'thread/sql/slave_sql', 'thread/sql/slave_worker', 'thread/sql/replica_sql', 'thread/sql/replica_worker'";

/**
 * What FTWRL waits for without a statement that runs [each seen on 9.7]: LOCK TABLES … WRITE (GLOBAL INTENTION_EXCLUSIVE,
 * which a statement that writes has as well, and SHARED_NO_READ_WRITE) and READ, HANDLER … OPEN, FLUSH TABLES … WITH READ
 * LOCK or FOR EXPORT. An open transaction, GET_LOCK and XA PREPARE have none of these.
 * Besides a replica's appliers, whose TIME is a delay and whose row events are no statements of the performance schema
 * [seen on 9.7]: what is applied holds GLOBAL INTENTION_EXCLUSIVE until it ends. The time at which its transaction began
 * tells it from the next one, which may have the lock at the same address.
 */
const MYSQL_LOCK_HOLDERS = `SELECT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user, LOCK_TYPE AS type,
  OBJECT_SCHEMA AS \`schema\`, OBJECT_NAME AS name,
  IF(NAME IN (${APPLIER_THREADS}), CONCAT_WS(':', OWNER_THREAD_ID, worker.APPLYING_TRANSACTION_START_APPLY_TIMESTAMP, OWNER_EVENT_ID,
  OBJECT_INSTANCE_BEGIN), NULL) AS applied
  FROM performance_schema.metadata_locks JOIN performance_schema.threads
  ON threads.THREAD_ID = metadata_locks.OWNER_THREAD_ID
  LEFT JOIN performance_schema.replication_applier_status_by_worker AS worker ON worker.THREAD_ID = threads.THREAD_ID
  WHERE LOCK_STATUS = 'GRANTED' AND PROCESSLIST_ID IS NOT NULL AND PROCESSLIST_ID <> CONNECTION_ID()
  AND (OBJECT_TYPE = 'TABLE' AND (LOCK_TYPE IN ('SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE')
  OR LOCK_TYPE = 'SHARED' AND LOCK_DURATION = 'EXPLICIT')
  OR OBJECT_TYPE = 'GLOBAL' AND LOCK_TYPE = 'INTENTION_EXCLUSIVE'
  AND (PROCESSLIST_COMMAND = 'Sleep' OR NAME IN (${APPLIER_THREADS})))
  ORDER BY OBJECT_TYPE DESC`;

/**
 * MariaDB lists its locks nowhere by default. Seen on 10.11: BACKUP STAGE START holds back nothing, and is refused
 * with 1205 while another session is in any stage, and also while DDL runs or somebody holds LOCK TABLES … WRITE. It is
 * granted beside an FTWRL, which only those tell who wait for it. It waits a second in the queue: where DDL never ceases,
 * no single moment is free of it.
 */
const STAGE_PROBE = {
  begin: 'SET STATEMENT lock_wait_timeout = 1 FOR BACKUP STAGE START',
  end: 'BACKUP STAGE END',
} as const;

/** What every session of ours has from its beginning (adapters/server-session.ts): a day. */
const UNHELD_IDLE_SECONDS = 86_400;
/** How much longer than lock_wait_timeout a statement may run. */
const STATEMENT_SLACK_SECONDS = 2;

/**
 * `stopped`: the channels of a replica whose appliers are stopped before the lock is asked for. `idleSeconds`: how long
 * the session may idle while it holds a lock (idle-limit.ts).
 */
export function planLock(
  server: ServerFacts,
  stopped: readonly string[] = [],
  idleSeconds = UNHELD_IDLE_SECONDS,
): LockPlan {
  const isMariadb = server.version.flavour === 'mariadb';
  const plan = { ...(isMariadb ? mariadb(server) : mysql(server)), bound: lockBound(isMariadb, idleSeconds) };
  return plan.replica === undefined ? plan : { ...plan, replica: { ...plan.replica, stopped } };
}

function lockBound(isMariadb: boolean, idleSeconds: number): LockBound {
  // MySQL's bound is for SELECT alone, in milliseconds; MariaDB's for every statement, in seconds.
  const [limit, unit] = isMariadb ? ['max_statement_time', 1] : ['max_execution_time', 1000];
  return {
    idle: `SET SESSION wait_timeout = ${idleSeconds}`,
    statement: (seconds) => `SET SESSION ${limit} = ${(seconds + STATEMENT_SLACK_SECONDS) * unit}`,
    lift: [`SET SESSION wait_timeout = ${UNHELD_IDLE_SECONDS}`, `SET SESSION ${limit} = 0`],
  };
}

function mariadb(server: ServerFacts): Omit<LockPlan, 'bound'> {
  const common = {
    session: (seconds: number) => ['SET SESSION max_statement_time = 0', `SET SESSION lock_wait_timeout = ${seconds}`],
    coordinates: atLeast(server.version, 10, 5, 2) ? 'SHOW BINLOG STATUS' : 'SHOW MASTER STATUS',
    // By the number of the query: the connection may be at its next one already. SOFT leaves no table half done.
    longStatementsQuery: MARIADB_STATEMENTS,
    killStatement: 'KILL SOFT QUERY ID',
    otherBackup: { witnesses: [BLOCKED_SESSIONS] },
    gtid: 'SELECT @@GLOBAL.gtid_binlog_pos AS gtid',
    ...(server.replica && { replica: { ...replicaPlan(server, server.replica), gtid: MARIADB_REPLICA_GTID } }),
    everyCommitHasGtid: server.gtidMode === 'on',
    redo: mariadbRedo(server),
  };
  if (!atLeast(server.version, 10, 4)) return { ...common, ...flushTablesWithReadLock };
  return {
    ...common,
    otherBackup: { witnesses: [BLOCKED_SESSIONS], probe: STAGE_PROBE },
    // Who holds LOCK TABLES … WRITE keeps BACKUP STAGE START from being granted, at which no commit waits [seen on 10.11].
    blockersSeen: true,
    kind: 'backup-stage',
    prepare: UNTIL_DDL_IS_BLOCKED,
    blockCommits: 'BACKUP STAGE BLOCK_COMMIT',
    release: ['BACKUP STAGE END'],
    stillHeld: { by: 'refusal', sql: 'BACKUP STAGE BLOCK_COMMIT', errno: 4147 },
    ddl: {
      take: UNTIL_DDL_IS_BLOCKED,
      release: ['BACKUP STAGE END'],
      stillHeld: { by: 'refusal', sql: 'BACKUP STAGE BLOCK_DDL', errno: 4147 },
    },
  };
}

/** Seen on 10.11 and 11.8: an image that was taken in the middle of DDL recovers with a table that is corrupt. */
const UNTIL_DDL_IS_BLOCKED = ['BACKUP STAGE START', 'BACKUP STAGE FLUSH', 'BACKUP STAGE BLOCK_DDL'];

function mysql(server: ServerFacts): Omit<LockPlan, 'bound'> {
  const common = {
    session: (seconds: number) => [`SET SESSION lock_wait_timeout = ${seconds}`],
    longStatementsQuery: server.statementsTimed ? MYSQL_TIMED_STATEMENTS : MYSQL_STATEMENTS,
    killStatement: 'KILL QUERY',
    otherBackup: { witnesses: [BLOCKED_SESSIONS] },
    ...(server.replica && { replica: { ...replicaPlan(server, server.replica), ...mysqlReplicaGtid(server) } }),
    coordinates: hasLogStatus(server.version) ? LOG_STATUS : 'SHOW MASTER STATUS',
    everyCommitHasGtid: server.gtidMode === 'on',
    redo: mysqlRedo(server),
  };
  if (!atLeast(server.version, 8, 0)) return { ...common, ...flushTablesWithReadLock };
  return {
    ...common,
    otherBackup: { witnesses: [BLOCKED_SESSIONS, ...(server.metadataLocksListed ? [BACKUP_LOCK_HOLDERS] : [])] },
    ...(server.metadataLocksListed && { lockHoldersQuery: MYSQL_LOCK_HOLDERS }),
    blockersSeen: server.metadataLocksListed,
    kind: 'instance-then-ftwrl',
    prepare: ['LOCK INSTANCE FOR BACKUP'],
    blockCommits: 'FLUSH TABLES WITH READ LOCK',
    unblockCommits: 'UNLOCK TABLES',
    release: ['UNLOCK TABLES', 'UNLOCK INSTANCE'],
    stillHeld: server.metadataLocksListed ? { by: 'row', sql: heldLock('GLOBAL') } : { by: 'connection' },
    ddl: {
      take: ['LOCK INSTANCE FOR BACKUP'],
      release: ['UNLOCK INSTANCE'],
      stillHeld: server.metadataLocksListed ? { by: 'row', sql: heldLock('BACKUP LOCK') } : { by: 'connection' },
    },
  };
}

const replicaPlan = ({ version }: ServerFacts, { parallelWorkers }: ReplicaFacts): ReplicaPlan => ({
  status: replicaStatus(version),
  parallel: parallelWorkers > 0,
  stopped: [],
});

/** What the replica has executed of all its sources; `gtid_binlog_pos` tells of its own binary log alone. */
const MARIADB_REPLICA_GTID = 'SELECT @@GLOBAL.gtid_slave_pos AS gtid';

/** Comes with the coordinates, but a server without a binary log shows none, and executes by GTID all the same. */
const mysqlReplicaGtid = ({ binlogEnabled, gtidMode }: ServerFacts): Pick<ReplicaPlan, 'gtid'> =>
  binlogEnabled || gtidMode === 'off' ? {} : { gtid: 'SELECT @@GLOBAL.gtid_executed AS gtid' };

const heldLock = (type: 'GLOBAL' | 'BACKUP LOCK') =>
  `SELECT 1 FROM performance_schema.metadata_locks JOIN performance_schema.threads
  ON threads.THREAD_ID = metadata_locks.OWNER_THREAD_ID
  WHERE PROCESSLIST_ID = CONNECTION_ID() AND OBJECT_TYPE = '${type}' AND LOCK_STATUS = 'GRANTED'
  AND LOCK_TYPE = 'SHARED'`;

const flushTablesWithReadLock = {
  kind: 'ftwrl',
  blockersSeen: false,
  prepare: [],
  blockCommits: 'FLUSH TABLES WITH READ LOCK',
  release: ['UNLOCK TABLES'],
  stillHeld: { by: 'connection' },
} as const;

const FLUSH = 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS';
const INNODB_STATUS: RedoStatus = { as: 'innodb-status', sql: 'SHOW ENGINE INNODB STATUS' };

/** At 0 the flush does nothing, and the background one is waited for; at 2 it writes, and the freeze or sync does the rest. */
const MARIADB_LSNS: RedoStatus = {
  as: 'lsn-row',
  sql: `SELECT MAX(IF(VARIABLE_NAME = 'INNODB_LSN_CURRENT', VARIABLE_VALUE, NULL)) AS current,
  MAX(IF(VARIABLE_NAME = 'INNODB_LSN_FLUSHED', VARIABLE_VALUE, NULL)) AS flushed,
  @@GLOBAL.innodb_flush_log_at_trx_commit AS setting
  FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('INNODB_LSN_CURRENT', 'INNODB_LSN_FLUSHED')`,
};

function mariadbRedo({ flushedLsnReported }: ServerFacts): RedoProof {
  const status = flushedLsnReported ? MARIADB_LSNS : INNODB_STATUS;
  return { target: status, flush: FLUSH, flushed: status };
}

/** SHOW GLOBAL STATUS lags behind by up to 10 ms (seen on 9.7): it is no target, and no answer at once. */
const mysqlRedo = ({ version }: ServerFacts): RedoProof => ({
  target: hasLogStatus(version) ? 'coordinates' : INNODB_STATUS,
  flush: FLUSH,
  flushed: INNODB_STATUS,
});

/**
 * File, position, GTID set and redo LSN of one moment [doc: performance_schema.log_status, MySQL 8.0.11]. Answers with
 * performance_schema = OFF as well (seen on 9.7). A server without a binary log shows no file.
 */
const LOG_STATUS = `SELECT JSON_UNQUOTE(JSON_EXTRACT(LOCAL, '$.binary_log_file')) AS File,
  JSON_UNQUOTE(JSON_EXTRACT(LOCAL, '$.binary_log_position')) AS Position,
  JSON_UNQUOTE(JSON_EXTRACT(LOCAL, '$.gtid_executed')) AS Executed_Gtid_Set,
  JSON_UNQUOTE(JSON_EXTRACT(STORAGE_ENGINES, '$.InnoDB.LSN')) AS lsn FROM performance_schema.log_status`;

const hasLogStatus = (version: ServerVersion): boolean => version.flavour !== 'mariadb' && atLeast(version, 8, 0, 11);
