import type { Row, ServerQuestion, ServerReader } from '../ports.ts';
import type { ReplicaFacts, ServerVersion } from './facts.ts';
import { holds } from './privileges.ts';
import { readNonTransactionalTables } from './recovery.ts';
import { atLeast, superIsAll } from './server-version.ts';
import { integer, notUnderstood, type Variables, wholeNumber } from './variables.ts';

/** The statement that tells of every channel of a replica, and under which names. */
export interface ReplicaStatus {
  readonly sql: string;
  readonly columns: {
    readonly channel: string;
    readonly host: string;
    readonly port: string;
    /** In the source's binary log, what has been EXECUTED: what was only read may not have been applied. */
    readonly file: string;
    readonly position: string;
    readonly autoPosition: string;
    readonly applying: string;
  };
}

/** [doc: SHOW REPLICA STATUS (MySQL 8.0.22 renamed it), SHOW ALL SLAVES STATUS]. */
export function replicaStatus(version: ServerVersion): ReplicaStatus {
  const old = {
    host: 'Master_Host',
    port: 'Master_Port',
    file: 'Relay_Master_Log_File',
    position: 'Exec_Master_Log_Pos',
    applying: 'Slave_SQL_Running',
  };
  if (version.flavour === 'mariadb') {
    const columns = { ...old, channel: 'Connection_name', autoPosition: 'Using_Gtid' };
    return { sql: 'SHOW ALL SLAVES STATUS', columns };
  }
  const common = { channel: 'Channel_Name', autoPosition: 'Auto_Position' };
  if (!atLeast(version, 8, 0, 22)) return { sql: 'SHOW SLAVE STATUS', columns: { ...old, ...common } };
  return {
    sql: 'SHOW REPLICA STATUS',
    columns: {
      ...common,
      host: 'Source_Host',
      port: 'Source_Port',
      file: 'Relay_Source_Log_File',
      position: 'Exec_Source_Log_Pos',
      applying: 'Replica_SQL_Running',
    },
  };
}

/** A channel as it was told, `undefined` where a column is missing: whoever keeps it, parses it as a Channel. */
export interface RawChannel {
  readonly name: string | undefined;
  readonly source: { readonly host: string | undefined; readonly port: unknown };
  readonly binlog?: { readonly file: string | undefined; readonly position: unknown };
  readonly exact: boolean;
  readonly autoPosition: boolean | undefined;
}

/** Several workers apply what one channel received, unless its applier has been stopped, and still is. */
export interface Appliers {
  readonly parallel: boolean;
  readonly stopped: readonly string[];
}

/** Where every channel is, as the answer tells. */
export const channelsOf = (
  rows: readonly Row[],
  { columns }: ReplicaStatus,
  appliers: Appliers,
): readonly RawChannel[] =>
  rows
    .map((row): RawChannel => {
      const cell = (column: keyof typeof columns) => {
        const value = row[columns[column]];
        return value === null ? '' : value;
      };
      const [file, position] = [cell('file'), cell('position')];
      return {
        name: cell('channel'),
        source: { host: cell('host'), port: wholeNumber(cell('port')) },
        // Before anything has been executed there is no file, or no place in it.
        ...(file !== '' &&
          position !== '' &&
          position !== '0' && { binlog: { file, position: wholeNumber(position) } }),
        exact: !appliers.parallel || (appliers.stopped.includes(cell('channel') ?? '') && cell('applying') === 'No'),
        autoPosition: usesGtid(cell('autoPosition')),
      };
    })
    .filter(({ name }) => name === undefined || !OF_A_GROUP.includes(name));

/** Auto_Position is 1 or 0; Using_Gtid is No, Slave_Pos or Current_Pos. */
const usesGtid = (said: string | undefined): boolean | undefined =>
  said === undefined ? undefined : !['', '0', 'NO'].includes(said.toUpperCase());

/** What is left of a membership in a replication group; nobody else's channel can have these names [doc: Channels]. */
const OF_A_GROUP = ['group_replication_applier', 'group_replication_recovery'];

/** Its answer names accounts, key files and the text of errors: a capture gets what is read here. */
const statusQuestion = (status: ReplicaStatus): ServerQuestion => {
  const kept = Object.values(status.columns);
  return {
    name: 'replica',
    sql: status.sql,
    forCapture: (rows) => rows.map((row) => Object.fromEntries(kept.map((column) => [column, row[column] ?? null]))),
  };
};

/**
 * Any of these allows the question, the least first [doc; 10.5.9 and later as seen on 10.11, as SHOW GRANTS names it].
 * Where 10.5.8 stands the sources and the manual do not agree: whoever can hold SLAVE MONITOR may ask.
 */
export function replicaStatusPrivileges(version: ServerVersion): readonly string[] {
  if (version.flavour !== 'mariadb' || !atLeast(version, 10, 5, 2)) return ['REPLICATION CLIENT', 'SUPER'];
  const least = atLeast(version, 10, 5, 9) ? ['SLAVE MONITOR'] : ['REPLICATION SLAVE ADMIN', 'SLAVE MONITOR'];
  return superIsAll(version) ? [...least, 'SUPER'] : least;
}

/**
 * What is known of the server as a replica; `undefined` where it is none, or we may not look, which a check of its own
 * refuses.
 */
export async function readReplica(
  server: ServerReader,
  version: ServerVersion,
  privileges: readonly string[],
  variables: Variables,
  serverStatus: Variables,
): Promise<ReplicaFacts | undefined> {
  if (!replicaStatusPrivileges(version).some((privilege) => holds(privileges, privilege))) return undefined;
  const status = replicaStatus(version);
  const rows = await server.ask(statusQuestion(status));
  const { applying } = status.columns;
  const channels = channelsOf(rows, status, { parallel: false, stopped: [] }).map(({ name, autoPosition }) => {
    if (name === undefined) throw notUnderstood(status.sql, `no column ${status.columns.channel}`);
    if (autoPosition === undefined) throw notUnderstood(status.sql, `no column ${status.columns.autoPosition}`);
    const runs = rows.find((row) => row[status.columns.channel] === name)?.[applying];
    if (runs === undefined) throw notUnderstood(status.sql, `no column ${applying}`);
    return { name, autoPosition, applying: runs?.toUpperCase() === 'YES' };
  });
  if (channels.length === 0) return undefined;
  const workers = parallelWorkers(version, variables);
  return {
    channels,
    parallelWorkers: workers,
    lockConflictTables:
      workers > 1 && channels.some((each) => each.applying) && keepsCommitOrder(version, variables)
        ? ((await readNonTransactionalTables(server, privileges)) ?? 'unseen')
        : [],
    openTemporaryTables: Number(
      serverStatus.get('replica_open_temp_tables') ?? serverStatus.get('slave_open_temp_tables') ?? 0,
    ),
    relayLogRecovery: variables.get('relay_log_recovery')?.toUpperCase() === 'ON',
    positionsInTable: (variables.get('relay_log_info_repository') ?? 'TABLE').toUpperCase() === 'TABLE',
  };
}

/** MySQL's default has been ON since 8.0.27. MariaDB keeps the order always, and its BACKUP STAGE holds the workers at a place where none waits. */
function keepsCommitOrder({ flavour }: ServerVersion, variables: Variables): boolean {
  const value = variables.get('replica_preserve_commit_order') ?? variables.get('slave_preserve_commit_order') ?? '';
  return flavour !== 'mariadb' && ['ON', '1'].includes(value.toUpperCase());
}

/** MySQL's default has been 4 since 8.0.27, MariaDB's is 0. */
function parallelWorkers({ flavour }: ServerVersion, variables: Variables): number {
  const names =
    flavour === 'mariadb'
      ? (['slave_parallel_threads'] as const)
      : (['replica_parallel_workers', 'slave_parallel_workers'] as const);
  const name = names.find((each) => variables.has(each));
  return name === undefined ? 0 : integer(variables, name);
}
