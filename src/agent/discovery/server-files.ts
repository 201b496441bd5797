import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { RunError } from '../../shared/errors.ts';
import type { Role } from '../../shared/manifest.ts';
import type { HostReader } from '../ports.ts';
import type { ServerFacts, ServerFile } from './facts.ts';
import type { Variables } from './variables.ts';

/** A path as the server names it, and where we have it from (for the message). */
interface Named {
  readonly role: Role;
  readonly path: string;
  readonly from: string;
  /** Of a folder: which links in it are the server's, by their names. */
  readonly links?: (name: string) => boolean;
}

export type LocatedFiles = Pick<ServerFacts, 'datadir' | 'datadirOwner' | 'files' | 'temporaryFolders'>;

/**
 * Every file and folder of the server by its real path, `files` without duplicates, the data directory first.
 * `dataFiles`: InnoDB's files outside the data directory, as the server names them.
 * Throws RunError `files-unresolved` naming all that this host does not have: the server may live in a mount
 * namespace of its own, and then what looks like its files may be somebody else's.
 */
export async function locateServerFiles(
  host: HostReader,
  variables: Variables,
  dataFiles: readonly string[],
): Promise<LocatedFiles> {
  const datadir = await locateDatadir(host, variables);
  const named: readonly Named[] = [
    ...systemTablespace(variables, datadir),
    ...folders(variables),
    ...binaryLogs(variables),
    ...(await indexedLogs(host, variables, datadir)),
    ...singleFiles(variables, datadir),
    ...dataFiles.map((path) => ({ role: 'tablespace' as const, path, from: 'a tablespace' })),
  ];
  const files: ServerFile[] = [{ role: 'data', path: datadir }];
  const searched: Searched[] = [{ role: 'tablespace', path: datadir, links: () => true }];
  const missing: string[] = [];
  const realPaths = await inBatches(named, ({ path }) => host.realPath(resolve(datadir, path)));
  for (const [index, { role, path, from, links }] of named.entries()) {
    const real = realPaths[index];
    if (real === undefined) {
      missing.push(`${path} (${from})`);
      continue;
    }
    files.push({ role, path: real });
    if (links !== undefined && real !== datadir) searched.push({ role, path: real, links });
  }
  const linked = await followLinks(host, searched);
  missing.push(...linked.dangling);
  if (missing.length > 0) throw new RunError('files-unresolved', `this host does not have ${missing.join(', ')}`);

  return {
    datadir,
    datadirOwner: await ownerOf(host, datadir),
    files: eachOnce([...files, ...linked.files]),
    temporaryFolders: await temporaryFolders(host, variables, datadir),
  };
}

/** How many paths are asked for at a time: a server may have tens of thousands of files elsewhere. */
const BATCH = 500;

async function inBatches<T, U>(values: readonly T[], ask: (value: T) => Promise<U>): Promise<readonly U[]> {
  const answers: U[] = [];
  for (let first = 0; first < values.length; first += BATCH)
    answers.push(...(await Promise.all(values.slice(first, first + BATCH).map(ask))));
  return answers;
}

function eachOnce(files: readonly ServerFile[]): readonly ServerFile[] {
  const once = new Map<string, ServerFile>();
  for (const file of files) {
    const key = `${file.role} ${file.path}`;
    if (!once.has(key)) once.set(key, file);
  }
  return [...once.values()];
}

/** Those that this host has; the server puts up with one that is gone. `tmpdir` may name several. */
async function temporaryFolders(host: HostReader, variables: Variables, datadir: string): Promise<readonly string[]> {
  const named = [
    ...(variables.get('tmpdir') ?? '').split(':'),
    variables.get('innodb_tmpdir') ?? '',
    variables.get('innodb_temp_tablespaces_dir') ?? '',
    ...temporaryTablespaces(variables),
  ].filter((path) => path !== '');
  const real = await Promise.all(named.map((path) => host.realPath(resolve(datadir, path))));
  return [...new Set(real.filter((path) => path !== undefined))];
}

/** The folders of `innodb_temp_data_file_path`; a bare name is below the data directory, which is none of them. */
const temporaryTablespaces = (variables: Variables): readonly string[] =>
  (variables.get('innodb_temp_data_file_path') ?? '')
    .split(';')
    .filter((entry) => entry.includes('/'))
    .map((entry) =>
      resolve('/', variables.get('datadir') ?? '', variables.get('innodb_data_home_dir') ?? '', dirname(entry)),
    );

async function locateDatadir(host: HostReader, variables: Variables): Promise<string> {
  const named = variables.get('datadir');
  // A relative one would be looked for below our own working directory.
  const datadir = named === undefined || !isAbsolute(named) ? undefined : await host.realPath(named);
  if (named === undefined || datadir === undefined) {
    throw new RunError('files-unresolved', `the data directory ${named ?? '(unknown)'} is not on this host`);
  }
  const names = (await host.list(datadir)) ?? [];
  // The system schema is a folder in every version (MySQL 8 keeps its log tables there).
  if (!names.includes('mysql')) {
    throw new RunError(
      'files-unresolved',
      `${named} on this host holds no system schema: it is not the data directory of this server`,
    );
  }
  return datadir;
}

async function ownerOf(host: HostReader, datadir: string): Promise<{ uid: number; gid: number }> {
  const owner = await host.owner(datadir);
  if (owner === undefined) throw new RunError('files-unresolved', `${datadir} went away while it was looked at`);
  return owner;
}

/** `ibdata1:12M;/disk2/ibdata2:50M:autoextend` below innodb_data_home_dir; empty means below the data directory. */
function systemTablespace(variables: Variables, datadir: string): readonly Named[] {
  const home = resolve(datadir, variables.get('innodb_data_home_dir') ?? '');
  const setting = variables.get('innodb_data_file_path') ?? '';
  return setting
    .split(';')
    .filter((entry) => entry !== '')
    .map((entry) => {
      if (/:\d+[KMG]?(raw|newraw)/i.test(entry)) {
        throw new RunError('server-unsupported', `innodb_data_file_path names a raw device: ${entry}`);
      }
      const path = entry.replace(/:\d.*$/, '');
      return { role: 'system-tablespace', path: resolve(home, path), from: 'innodb_data_file_path' };
    });
}

function folders(variables: Variables): readonly Named[] {
  const roles = [
    ['redo', 'innodb_log_group_home_dir'],
    ['undo', 'innodb_undo_directory'],
    ['doublewrite', 'innodb_doublewrite_dir'],
    ['aria-log', 'aria_log_dir_path'],
  ] as const;
  return roles.flatMap(([role, from]) => {
    const path = variables.get(from);
    return path ? [{ role, path, from, links: () => true }] : [];
  });
}

const LOGS = [
  ['binlog', 'log_bin_basename', 'log_bin_index'],
  ['relay-log', 'relay_log_basename', 'relay_log_index'],
] as const;

/** The folders of the logs, and their index files, which may lie elsewhere. */
function binaryLogs(variables: Variables): readonly Named[] {
  return LOGS.flatMap(([role, base, index]) => {
    const basePath = variables.get(base);
    if (!basePath) return [];
    const indexPath = variables.get(index);
    // The index of relay logs is there only once there has been a relay log: its folder will do.
    // Others keep logs there too: only what bears the name is the server's.
    return [basePath, ...(indexPath ? [indexPath] : [])].map((path) => ({
      role,
      path: dirname(path),
      from: path === basePath ? base : index,
      links: (name: string) => name.startsWith(basename(path)),
    }));
  });
}

/**
 * Further folders with logs that an index lists: the base name may have been another when they were written. What is listed
 * and not there is no reason to refuse, the server puts up with it.
 */
async function indexedLogs(host: HostReader, variables: Variables, datadir: string): Promise<readonly Named[]> {
  const found: Named[] = [];
  for (const [role, base, index] of LOGS) {
    const basePath = variables.get(base);
    if (!basePath) continue;
    const indexPath = resolve(datadir, variables.get(index) || `${basePath}.index`);
    const logs = await host.indexedLogs(indexPath);
    if (role === 'binlog' && logs?.length === 0)
      throw new RunError('files-unresolved', `${indexPath} lists no binary log, though log_bin is ON`);
    const own = resolve(datadir, basePath);
    const others = (logs ?? []).map((log) => resolve(datadir, log)).filter((log) => !log.startsWith(own));
    for (const [folder, names] of byFolder(others)) {
      const isThere = ((await host.list(folder)) ?? []).some((name) => names.has(name));
      if (isThere) found.push({ role, path: folder, from: indexPath, links: (name) => names.has(name) });
    }
  }
  return found;
}

function byFolder(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    const names = folders.get(dirname(path)) ?? new Set();
    folders.set(dirname(path), names.add(basename(path)));
  }
  return folders;
}

/** Files that are there only at times, or not yet: the folder is what counts. The data directory is known anyway. */
function singleFiles(variables: Variables, datadir: string): readonly Named[] {
  const roles = [
    ['relay-log', 'relay_log_info_file'],
    ['doublewrite', 'innodb_parallel_doublewrite_path'],
  ] as const;
  return roles.flatMap(([role, from]) => {
    const path = variables.get(from);
    if (!path || dirname(resolve(datadir, path)) === datadir) return [];
    return [{ role, path: dirname(path), from, links: (name: string) => name === basename(path) }];
  });
}

/** Links in a data directory that are no data: certificates, sockets, process ids, error logs. */
const NO_DATA = /\.(pem|sock|pid|err)$/;

/** A table in a schema, a redo log in `#innodb_redo`: nothing of a server lies deeper. */
const LINK_DEPTH = 2;

type Searched = Required<Pick<Named, 'role' | 'path' | 'links'>>;

/** Schemas, tables and logs that were put elsewhere with symbolic links, and links inside such a folder. */
async function followLinks(
  host: HostReader,
  searched: readonly Searched[],
): Promise<{ files: readonly ServerFile[]; dangling: readonly string[] }> {
  const files: ServerFile[] = [];
  const dangling: string[] = [];
  for (const { role, path, links } of searched) {
    for (const link of await host.symlinksBelow(path, LINK_DEPTH)) {
      if (links(basename(link))) await follow(link, role, dirname(link) === path);
    }
  }
  return { files, dangling };

  async function follow(link: string, role: Role, mayBeFolder: boolean): Promise<void> {
    if (NO_DATA.test(basename(link))) return;
    const real = await host.realPath(link);
    if (real === undefined) {
      dangling.push(`what the link ${link} leads to`);
      return;
    }
    files.push({ role, path: real });
    if (!mayBeFolder || (await host.list(real)) === undefined) return;
    for (const inside of await host.symlinksBelow(real, LINK_DEPTH)) await follow(inside, role, false);
  }
}
