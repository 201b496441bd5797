import type { BinlogPosition } from '../../shared/coordinates.ts';
import type { Flavour } from './flavour.ts';

/** Where a replica begins in its source's history: behind a place in the source's binary log, or behind a GTID set. */
export type Beginning =
  | { readonly by: 'position'; readonly binlog: BinlogPosition }
  | { readonly by: 'gtid'; readonly gtid: string };

/** How a replica reaches its source. The password is hexadecimal digits, so that it needs no quoting. */
export interface SourceAddress {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** What a server says of its replication. */
export interface ReplicationState {
  /** Like `1062 Duplicate entry …`; absent while all goes well. */
  readonly error?: string;
}

/** One row of a server's answer; a column that the server does not have is absent. */
export type Row = Readonly<Record<string, unknown>>;

/** Everything about replication in which the flavours differ: options, statements, and how to read the answers. */
export interface ReplicationDialect {
  /** For a server that is or becomes a replica: four parallel workers. */
  readonly replicaOptions: readonly string[];
  /** Makes the account by which replicas read. */
  createAccount(user: string, password: string): readonly string[];
  /** Makes a server without history go on from its source's: its own binary log and GTIDs are forgotten. */
  adoptHistory(sourceGtid: string): readonly string[];
  /** Forgets what the server knows of earlier sources, and replicates from this one. */
  replicate(source: SourceAddress, from: Beginning): readonly string[];
  readonly stateQuery: string;
  readState(rows: readonly Row[]): ReplicationState;
  /** Rows with `number` and `message`, where the state names the workers' errors only by the number of one. */
  readonly workersQuery?: string;
  /** One row with `gtid`: everything that the server has executed of its source. */
  readonly executedGtidQuery: string;
  /** Waits so many seconds at most until a replica has executed a GTID set; one row with `isThere`: 1, or 0. */
  waitQuery(gtid: string, seconds: number): string;
  /** One row with `File`: the file that the server's binary log is in. */
  readonly ownFileQuery: string;
  /** The arguments by which the flavour's program leaves out of a binary log what is in a GTID set. */
  beyondGtid(gtid: string): readonly string[];
}

const HOST = '127.0.0.1';
const WORKERS = 4;
/** Seconds; the servers' own default is 60. */
const CONNECT_RETRY = 1;

const mariadb: ReplicationDialect = {
  replicaOptions: ['--relay-log=relay-bin', `--slave-parallel-threads=${WORKERS}`],
  createAccount: (user, password) => [
    `CREATE USER \`${user}\`@'${HOST}' IDENTIFIED BY '${password}'`,
    `GRANT REPLICATION SLAVE ON *.* TO \`${user}\`@'${HOST}'`,
  ],
  adoptHistory: (sourceGtid) => ['RESET MASTER', `SET GLOBAL gtid_slave_pos = '${sourceGtid}'`],
  replicate: (source, from) => [
    'STOP ALL SLAVES',
    'RESET SLAVE ALL',
    ...(from.by === 'gtid' ? [`SET GLOBAL gtid_slave_pos = '${from.gtid}'`] : []),
    `CHANGE MASTER TO ${[
      `MASTER_HOST = '${HOST}'`,
      `MASTER_PORT = ${source.port}`,
      `MASTER_USER = '${source.user}'`,
      `MASTER_PASSWORD = '${source.password}'`,
      `MASTER_CONNECT_RETRY = ${CONNECT_RETRY}`,
      // From 11.4 on the default is a verified certificate, and the lab's servers have none.
      'MASTER_SSL = 0',
      'MASTER_SSL_VERIFY_SERVER_CERT = 0',
      ...(from.by === 'gtid'
        ? ['MASTER_USE_GTID = slave_pos']
        : [
            'MASTER_USE_GTID = no',
            `MASTER_LOG_FILE = '${from.binlog.file}'`,
            `MASTER_LOG_POS = ${from.binlog.position}`,
          ]),
    ].join(', ')}`,
    'START SLAVE',
  ],
  stateQuery: 'SHOW ALL SLAVES STATUS',
  readState: (rows) => stateOf(rows, { io: 'Slave_IO_Running', sql: 'Slave_SQL_Running' }),
  executedGtidQuery: 'SELECT @@GLOBAL.gtid_slave_pos AS gtid',
  waitQuery: (gtid, seconds) => `SELECT MASTER_GTID_WAIT('${gtid}', ${seconds}) = 0 AS isThere`,
  ownFileQuery: 'SHOW BINLOG STATUS',
  beyondGtid: (gtid) => [`--start-position=${gtid}`],
};

const mysql: ReplicationDialect = {
  replicaOptions: [
    '--relay-log=relay-bin',
    `--replica-parallel-workers=${WORKERS}`,
    // What was read and not executed is read again after a crash; what was executed is known by its GTID.
    '--log-replica-updates=ON',
    '--relay-log-recovery=ON',
  ],
  createAccount: (user, password) => [
    `CREATE USER \`${user}\`@'${HOST}' IDENTIFIED BY '${password}'`,
    `GRANT REPLICATION SLAVE ON *.* TO \`${user}\`@'${HOST}'`,
  ],
  adoptHistory: (sourceGtid) => ['RESET BINARY LOGS AND GTIDS', `SET GLOBAL gtid_purged = '${sourceGtid}'`],
  // By GTID it begins behind what it has executed itself: that a set's recorded GTIDs are those is for the proof to see.
  replicate: (source, from) => [
    'STOP REPLICA',
    'RESET REPLICA ALL',
    `CHANGE REPLICATION SOURCE TO ${[
      `SOURCE_HOST = '${HOST}'`,
      `SOURCE_PORT = ${source.port}`,
      `SOURCE_USER = '${source.user}'`,
      `SOURCE_PASSWORD = '${source.password}'`,
      `SOURCE_CONNECT_RETRY = ${CONNECT_RETRY}`,
      'GET_SOURCE_PUBLIC_KEY = 1',
      ...(from.by === 'gtid'
        ? ['SOURCE_AUTO_POSITION = 1']
        : [
            'SOURCE_AUTO_POSITION = 0',
            `SOURCE_LOG_FILE = '${from.binlog.file}'`,
            `SOURCE_LOG_POS = ${from.binlog.position}`,
          ]),
    ].join(', ')}`,
    'START REPLICA',
  ],
  stateQuery: 'SHOW REPLICA STATUS',
  readState: (rows) => stateOf(rows, { io: 'Replica_IO_Running', sql: 'Replica_SQL_Running' }),
  workersQuery: `SELECT LAST_ERROR_NUMBER AS number, LAST_ERROR_MESSAGE AS message
    FROM performance_schema.replication_applier_status_by_worker WHERE LAST_ERROR_NUMBER <> 0`,
  executedGtidQuery: 'SELECT @@GLOBAL.gtid_executed AS gtid',
  waitQuery: (gtid, seconds) => `SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtid}', ${seconds}) = 0 AS isThere`,
  ownFileQuery: 'SHOW BINARY LOG STATUS',
  beyondGtid: (gtid) => [`--exclude-gtids=${gtid}`],
};

const DIALECTS: Readonly<Record<Flavour['name'], ReplicationDialect>> = { mysql, mariadb };

export const replicationDialect = (flavour: Flavour['name']): ReplicationDialect => DIALECTS[flavour];

/** A GTID set in one form: the servers break its lines, and MariaDB promises no order of the domains. */
export const normalGtid = (gtid: unknown): string =>
  String(gtid ?? '')
    .replaceAll(/\s/g, '')
    .split(',')
    .toSorted()
    .join(',');

/**
 * A thread that is told to run stands still only after an error. While the one that reads the source is `Connecting`
 * its error may pass: it tries again.
 */
function stateOf(rows: readonly Row[], threads: { readonly io: string; readonly sql: string }): ReplicationState {
  if (rows.length === 0) return { error: 'there is no replication' };
  for (const row of rows) {
    for (const [thread, which] of [
      ['SQL', threads.sql],
      ['IO', threads.io],
    ] as const) {
      if (row[which] !== 'No') continue;
      const [number, text] = [Number(row[`Last_${thread}_Errno`]), String(row[`Last_${thread}_Error`])];
      return { error: number === 0 ? `its ${thread} thread does not run` : `${number} ${text}` };
    }
  }
  return {};
}
