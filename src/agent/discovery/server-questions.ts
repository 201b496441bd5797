import type { Row, ServerQuestion } from '../ports.ts';
import type { ServerVersion } from './facts.ts';

/**
 * Every variable that we read, by name: nothing that may hold a secret is among them, and a capture
 * therefore holds none either.
 */
const VARIABLES = [
  'version',
  'version_comment',
  'server_id',
  'server_uuid',
  'server_uid',
  'datadir',
  'innodb_data_home_dir',
  'innodb_data_file_path',
  'innodb_log_group_home_dir',
  'innodb_undo_directory',
  'innodb_directories',
  'innodb_doublewrite',
  'innodb_doublewrite_dir',
  'innodb_parallel_doublewrite_path',
  'aria_log_dir_path',
  'log_bin',
  'log_bin_basename',
  'log_bin_index',
  'binlog_storage_engine',
  'relay_log_basename',
  'relay_log_index',
  'relay_log_info_file',
  'tmpdir',
  'innodb_tmpdir',
  'innodb_temp_tablespaces_dir',
  'innodb_temp_data_file_path',
  'gtid_mode',
  'innodb_flush_log_at_trx_commit',
  'sync_binlog',
  'innodb_force_recovery',
  'innodb_flush_method',
  'innodb_page_size',
  'innodb_undo_tablespaces',
  'innodb_log_file_size',
  'innodb_log_files_in_group',
  'innodb_log_archive',
  'innodb_redo_log_capacity',
  'innodb_checksum_algorithm',
  'lower_case_table_names',
  'character_set_server',
  'collation_server',
  'performance_schema',
  'relay_log_recovery',
  'relay_log_info_repository',
  'replica_parallel_workers',
  'slave_parallel_workers',
  'slave_parallel_threads',
  'replica_preserve_commit_order',
  'slave_preserve_commit_order',
  'wsrep_on',
  'group_replication_group_name',
] as const;

export type VariableName = (typeof VARIABLES)[number];

export const variables: ServerQuestion = {
  name: 'variables',
  sql: `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${VARIABLES.map((name) => `'${name}'`).join(', ')})`,
};

/**
 * MySQL >= 8.0.21 tells here whether somebody said ALTER INSTANCE DISABLE INNODB REDO_LOG, MariaDB and MySQL >= 8.0.30
 * how far the redo log has been flushed. A replica reports how many temporary tables of its sources it has open.
 */
export const status: ServerQuestion = {
  name: 'status',
  sql: "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_redo_log_enabled', 'Innodb_redo_log_flushed_to_disk_lsn', 'Innodb_lsn_flushed', 'Com_xa_prepare', 'Replica_open_temp_tables', 'Slave_open_temp_tables')",
};

/** What is loaded: encryption, replication groups, and the libraries that a restored server needs. */
export const plugins: ServerQuestion = {
  name: 'plugins',
  sql: 'SELECT PLUGIN_NAME AS name, PLUGIN_TYPE AS type, PLUGIN_STATUS AS status, PLUGIN_LIBRARY AS `library` FROM information_schema.PLUGINS WHERE PLUGIN_LIBRARY IS NOT NULL ORDER BY PLUGIN_NAME',
};

/** On by default from MySQL 8.0 on; where it is off, `metadata_locks` is empty. */
export const metadataLockInstrument: ServerQuestion = {
  name: 'metadata-lock-instrument',
  sql: "SELECT ENABLED AS enabled FROM performance_schema.setup_instruments WHERE NAME = 'wait/lock/metadata/sql/mdl'",
};

/** MySQL >= 8.0.24: the keyring as a component shows nowhere among the plugins. Answers with performance_schema = OFF too. */
export const keyringComponent: ServerQuestion = {
  name: 'keyring-component',
  sql: "SELECT STATUS_VALUE AS value FROM performance_schema.keyring_component_status WHERE STATUS_KEY = 'Component_name'",
  optional: true,
};

export const engines: ServerQuestion = { name: 'engines', sql: 'SHOW ENGINES' };

/** A question that opens the definition of every table, of which a server may have hundreds of thousands; nothing is locked then. */
export const EVERY_TABLE_MS = 600_000;

/** Complete only for an account that may see all tables. */
export const enginesInUse: ServerQuestion = {
  name: 'engines-in-use',
  patienceMs: EVERY_TABLE_MS,
  // A table without an engine is one that the server cannot open: what it is made of is not known.
  sql: `SELECT DISTINCT COALESCE(ENGINE, 'unknown') AS engine FROM information_schema.TABLES
  WHERE ENGINE IS NOT NULL OR TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW')`,
};

export const grants: ServerQuestion = { name: 'grants', sql: 'SHOW GRANTS', forCapture: withoutAccount };

/** The InnoDB files that are not below the data directory under their own names, temporary ones aside. Needs PROCESS. */
export function dataFiles(version: ServerVersion): ServerQuestion {
  const { table, column, kept } = dataFilesTable(version);
  return {
    name: 'data-files',
    sql: `SELECT DISTINCT ${column} AS path FROM information_schema.${table} WHERE ${column} NOT LIKE './%' AND ${kept}`,
  };
}

function dataFilesTable({ flavour, major, minor }: ServerVersion): { table: string; column: string; kept: string } {
  if (flavour !== 'mariadb') return { table: 'FILES', column: 'FILE_NAME', kept: "FILE_TYPE <> 'TEMPORARY'" };
  return major > 10 || (major === 10 && minor >= 6)
    ? { table: 'INNODB_SYS_TABLESPACES', column: 'FILENAME', kept: "NAME <> 'innodb_temporary'" }
    : { table: 'INNODB_SYS_DATAFILES', column: 'PATH', kept: 'TRUE' };
}

/**
 * SHOW GRANTS without what stands behind ` TO ` (of a partial revoke ` FROM `, of a default role ` FOR `): the account, and
 * with some servers the hash of its password. What is kept is all that anybody needs: the privileges, and on what. A schema
 * may have ` TO ` in its name; what PROXY is granted on is an account.
 */
export function withoutAccount(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) => {
    const [grant = ''] = UP_TO_ACCOUNT.exec(Object.values(row)[0] ?? '') ?? [];
    return { grant: grant.replace(/^(GRANT PROXY) ON .*$/is, '$1') };
  });
}

/** Names in quotes are passed over whole; a quote within is doubled. */
const UP_TO_ACCOUNT = /^(?:`(?:[^`]|``)*`|"(?:[^"]|"")*"|(?! (?:TO|FROM|FOR) )[^`"])*/i;
