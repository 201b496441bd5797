import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import type { Level } from '../../shared/result.ts';
import type { HostReader, ServerReader } from '../ports.ts';
import { ENGINES_UNDERSTOOD } from './engines.ts';
import type { ServerFacts, ServerVersion } from './facts.ts';
import { holds, parseGrants } from './privileges.ts';
import { canSeeAllTables, readRecovery } from './recovery.ts';
import { readReplica } from './replica.ts';
import { type LocatedFiles, locateServerFiles } from './server-files.ts';
import * as questions from './server-questions.ts';
import { hasKeyringComponents, parseVersion, refuseTooOld } from './server-version.ts';
import { integer, notUnderstood, onOff, required, text, toVariables, type Variables } from './variables.ts';
import { parseSettings, watchedSettings } from './watched-settings.ts';

/** Asks the server for everything that a plan for `level` needs. Read-only, no lock, no flush. */
export async function readServer(server: ServerReader, host: HostReader, level: Level): Promise<ServerFacts> {
  const variables = toVariables(await server.ask(questions.variables));
  const version = parseVersion(required(variables, 'version'), variables.get('version_comment') ?? '');
  refuseTooOld(version);
  requireLocations(variables);
  const status = toVariables(await server.ask(questions.status));
  const plugins = await readPlugins(server);
  const privileges = parseGrants(await server.ask(questions.grants));

  const located = await locate(server, host, variables, { version, privileges });

  return {
    version,
    uuid: serverUuid(variables),
    serverId: integer(variables, 'server_id'),
    datadir: located.datadir,
    datadirOwner: located.datadirOwner,
    datadirSpace: await host.freeSpace(located.datadir),
    files: located.files,
    temporaryFolders: located.temporaryFolders,
    binlogEnabled: onOff(variables, 'log_bin'),
    binlogStorageEngine: binlogStorageEngine(variables),
    redoArchived: variables.has('innodb_log_archive') && onOff(variables, 'innodb_log_archive'),
    gtidMode: gtidMode(version, variables),
    flushLogAtTrxCommit: flushLogAtTrxCommit(variables),
    syncBinlog: integer(variables, 'sync_binlog'),
    doublewrite: doublewrite(required(variables, 'innodb_doublewrite')),
    flushMethod: variables.get('innodb_flush_method') ?? '',
    forceRecovery: integer(variables, 'innodb_force_recovery'),
    xaPrepares: status.get('com_xa_prepare'),
    watched: parseSettings(await server.ask(watchedSettings(version))),
    redoLogEnabled: redoLogEnabled(status),
    flushedLsnReported: status.has(
      version.flavour === 'mariadb' ? 'innodb_lsn_flushed' : 'innodb_redo_log_flushed_to_disk_lsn',
    ),
    settings: restoreSettings(variables, plugins),
    ...(await readEngines(server, privileges)),
    clustered: clustered(variables, plugins),
    statementsTimed:
      version.flavour !== 'mariadb' &&
      variables.get('performance_schema')?.toUpperCase() === 'ON' &&
      mayReadPerformanceSchema(privileges),
    metadataLocksListed: await areMetadataLocksListed(server, { version, privileges, variables }),
    replica: await readReplica(server, version, privileges, variables, status),
    recovery: level === 'application' ? undefined : await readRecovery(server, version, privileges),
    keyringPlugins: await readKeyring(server, { version, plugins, privileges }),
    privileges,
  };
}

/** Every supported version has these: where one is not told, the files under it would be missing from the set in silence. */
function requireLocations(variables: Variables): void {
  const names = [
    'innodb_data_home_dir',
    'innodb_data_file_path',
    'innodb_log_group_home_dir',
    'innodb_undo_directory',
  ] as const;
  for (const name of names) required(variables, name);
  const inFiles = onOff(variables, 'log_bin') && binlogStorageEngine(variables) === '';
  if (inFiles && !variables.get('log_bin_basename'))
    throw notUnderstood('log_bin_basename', 'empty, though log_bin is ON');
}

const binlogStorageEngine = (variables: Variables): string =>
  (variables.get('binlog_storage_engine') ?? '').toLowerCase();

/** What of a server is settled once DDL is held back. */
export interface SettledFacts extends LocatedFiles {
  readonly redoLogEnabled: boolean;
  /** Upper case. They can be enabled while DDL is held back, but no table comes to them then. */
  readonly enginesEnabled: readonly string[];
}

/** Asks for the files of a server that is known already, for its redo log and its engines; nothing here reads every table. */
export async function readSettled(server: ServerReader, host: HostReader, known: ServerFacts): Promise<SettledFacts> {
  const variables = toVariables(await server.ask(questions.variables));
  const status = toVariables(await server.ask(questions.status));
  return {
    ...(await locate(server, host, variables, known)),
    redoLogEnabled: redoLogEnabled(status),
    enginesEnabled: await enabledEngines(server),
  };
}

async function locate(
  server: ServerReader,
  host: HostReader,
  variables: Variables,
  { version, privileges }: Pick<ServerFacts, 'version' | 'privileges'>,
): Promise<LocatedFiles> {
  const look = async () => {
    // Without the privilege the answer would be an error; the missing privilege is refused by its own check.
    const dataFiles = holds(privileges, 'PROCESS') ? await server.ask(questions.dataFiles(version)) : [];
    return locateServerFiles(
      host,
      variables,
      dataFiles.map((row) => text(row, 'path')),
    );
  };
  try {
    return await look();
  } catch (error) {
    // A table may have been dropped between the answer and the look. What the server names once more is missing.
    if (!(error instanceof RunError) || error.code !== 'files-unresolved') throw error;
    return look();
  }
}

const redoLogEnabled = (status: Variables): boolean =>
  (status.get('innodb_redo_log_enabled') ?? 'ON').toUpperCase() === 'ON';

/** MySQL's is a UUID, MariaDB's `server_uid` base64; it becomes the value of a tag. */
function serverUuid(variables: Variables): string | undefined {
  const value = variables.get('server_uuid') || variables.get('server_uid');
  if (value && !/^[\w+/=-]{1,64}$/.test(value)) throw notUnderstood('server_uuid', value);
  return value || undefined;
}

/** MariaDB gives every event of the binary log a GTID; MySQL only where gtid_mode is ON through and through. */
function gtidMode({ flavour }: ServerVersion, variables: Variables): 'on' | 'off' {
  if (flavour === 'mariadb') return onOff(variables, 'log_bin') ? 'on' : 'off';
  return variables.get('gtid_mode')?.toUpperCase() === 'ON' ? 'on' : 'off';
}

function flushLogAtTrxCommit(variables: Variables): 0 | 1 | 2 | 3 {
  const value = v.safeParse(v.picklist([0, 1, 2, 3]), integer(variables, 'innodb_flush_log_at_trx_commit'));
  if (!value.success)
    throw notUnderstood('innodb_flush_log_at_trx_commit', required(variables, 'innodb_flush_log_at_trx_commit'));
  return value.output;
}

/** DETECT_ONLY notices a torn page but keeps nothing to mend it with. */
function doublewrite(value: string): boolean {
  const known: Readonly<Record<string, boolean>> = {
    ON: true,
    1: true,
    FAST: true,
    DETECT_AND_RECOVER: true,
    OFF: false,
    0: false,
    DETECT_ONLY: false,
  };
  const answer = known[value.toUpperCase()];
  if (answer === undefined) throw notUnderstood('innodb_doublewrite', value);
  return answer;
}

interface Plugin {
  readonly name: string;
  readonly type: string;
  readonly library: string;
}

async function readPlugins(server: ServerReader): Promise<readonly Plugin[]> {
  const rows = await server.ask(questions.plugins);
  return rows
    .filter((row) => text(row, 'status') === 'ACTIVE')
    .map((row) => ({ name: text(row, 'name'), type: text(row, 'type'), library: text(row, 'library') }));
}

/** A server with the plugin loaded and a group named counts as a member, running or not. */
function clustered(variables: Variables, plugins: readonly Plugin[]): ServerFacts['clustered'] {
  if (variables.get('wsrep_on')?.toUpperCase() === 'ON') return 'galera';
  const group =
    plugins.some(({ name }) => name === 'group_replication') && variables.get('group_replication_group_name');
  return group ? 'group-replication' : undefined;
}

interface Known {
  readonly version: ServerVersion;
  readonly plugins: readonly Plugin[];
  readonly privileges: readonly string[];
}

/** MySQL has keyring plugins and components, MariaDB plugins of the type ENCRYPTION. */
async function readKeyring(server: ServerReader, { version, plugins, privileges }: Known): Promise<readonly string[]> {
  const loaded = plugins
    .filter(({ name, type }) => type === 'ENCRYPTION' || /^keyring_(?!udf)/.test(name))
    .map(({ name }) => name);
  if (!hasKeyringComponents(version) || !mayReadPerformanceSchema(privileges)) return loaded;
  return [...loaded, ...(await server.ask(questions.keyringComponent)).map((row) => text(row, 'value'))];
}

/** Whoever may not look is taken at the default, and refused by a check of its own. */
async function areMetadataLocksListed(
  server: ServerReader,
  { version, privileges, variables }: { version: ServerVersion; privileges: readonly string[]; variables: Variables },
): Promise<boolean> {
  if (variables.get('performance_schema')?.toUpperCase() !== 'ON') return false;
  if (version.flavour === 'mariadb' || version.major < 8 || !mayReadPerformanceSchema(privileges)) return true;
  const [row] = await server.ask(questions.metadataLockInstrument);
  return row !== undefined && text(row, 'enabled').toUpperCase() === 'YES';
}

const mayReadPerformanceSchema = (privileges: readonly string[]): boolean =>
  holds(privileges, 'SELECT') || holds(privileges, 'SELECT ON PERFORMANCE_SCHEMA.*');

/**
 * The engines that are enabled; only where one of them is not understood, and we may see every table, those
 * that tables really use: that question reads the definition of every table.
 */
async function readEngines(
  server: ServerReader,
  privileges: readonly string[],
): Promise<Pick<ServerFacts, 'enginesInUse' | 'enginesUnused'>> {
  const enabled = await enabledEngines(server);
  const strange = enabled.filter((engine) => !ENGINES_UNDERSTOOD.includes(engine));
  if (strange.length === 0 || !canSeeAllTables(privileges)) return { enginesInUse: enabled, enginesUnused: [] };
  const enginesInUse = await usedEngines(server);
  return { enginesInUse, enginesUnused: strange.filter((engine) => !enginesInUse.includes(engine)) };
}

const enabledEngines = async (server: ServerReader): Promise<readonly string[]> =>
  (await server.ask(questions.engines))
    .filter((row) => ['YES', 'DEFAULT'].includes(text(row, 'Support')))
    .map((row) => text(row, 'Engine').toUpperCase())
    .sort();

/** The engines of all tables that our account may see, upper case. */
export const usedEngines = async (server: ServerReader): Promise<readonly string[]> =>
  (await server.ask(questions.enginesInUse)).map((row) => text(row, 'engine').toUpperCase()).sort();

/** What a restored server has to be started with to read its own files. */
const RESTORE_SETTINGS: readonly questions.VariableName[] = [
  'innodb_page_size',
  'innodb_data_home_dir',
  'innodb_data_file_path',
  'innodb_log_group_home_dir',
  'innodb_undo_directory',
  'innodb_directories',
  'innodb_undo_tablespaces',
  'innodb_log_file_size',
  'innodb_log_files_in_group',
  'innodb_redo_log_capacity',
  'innodb_checksum_algorithm',
  'innodb_doublewrite_dir',
  'innodb_parallel_doublewrite_path',
  'aria_log_dir_path',
  'lower_case_table_names',
  'character_set_server',
  'collation_server',
  'log_bin_basename',
  'log_bin_index',
  'relay_log_basename',
  'relay_log_index',
  'relay_log_info_file',
  'server_id',
  'gtid_mode',
];

function restoreSettings(variables: Variables, plugins: readonly Plugin[]): Readonly<Record<string, string>> {
  const settings: Record<string, string> = { datadir: required(variables, 'datadir') };
  for (const name of RESTORE_SETTINGS) {
    const value = variables.get(name);
    if (value !== undefined && value !== '') settings[name] = value;
  }
  const libraries = [...new Set(plugins.map(({ library }) => library))];
  if (libraries.length > 0) settings['plugin_load_add'] = libraries.join(';');
  return settings;
}
