import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import { OptionFileError, parseOptionFile } from '../options/option-file.ts';
import { decidesServer, type SaidOption } from '../options/said-option.ts';

/** Where the programs of MySQL's archives and of its RPMs look besides; nowhere else does a package put a file there. */
const COMPILED_IN = ['/usr/local/mysql/etc', '/usr/etc'];

/** The usual places, in the order in which MySQL's and MariaDB's own programs read them: a folder said again comes later. */
export function usualFiles({ home, mysqlHome }: Homes): readonly string[] {
  const folders = ['/etc', '/etc/mysql', ...COMPILED_IN, ...(mysqlHome ? [mysqlHome] : [])].map((each) =>
    resolve(each),
  );
  const files = folders.filter((each, at) => !folders.includes(each, at + 1)).map((each) => join(each, 'my.cnf'));
  return home === undefined ? files : [...files, join(home, '.my.cnf')];
}

const DEEPEST_INCLUDE = 10;
const WRITABLE_BY_ALL = 0o002;

/** Folders with option files of their own: $HOME and $MYSQL_HOME. */
export interface Homes {
  readonly home: string | undefined;
  readonly mysqlHome?: string | undefined;
}

export interface ReadOptions {
  /** The options of the groups asked for, in the order of the files: a later one of a name wins. */
  readonly options: readonly SaidOption[];
  /** What the files say and is not believed. */
  readonly warnings: readonly string[];
}

/**
 * Reads the options of the given groups, in lower case. With `only`, that file alone is read and has to exist. Throws
 * RunError `usage` naming file and line, never their content.
 */
export function readOptionFiles(groups: readonly string[], only: string | undefined, homes: Homes): ReadOptions {
  if (only !== undefined && !existsSync(only)) {
    throw new RunError('usage', `--defaults-file ${only}: no such file`, { hint: 'Name an option file that exists.' });
  }
  const warnings = new Set<string>();
  const files = only === undefined ? usualFiles(homes).filter((file) => existsSync(file)) : [only];
  const options = files.flatMap((path) => optionsOf(path, { groups, only, warnings }, 0));
  return { options, warnings: [...warnings] };
}

interface Reading {
  readonly groups: readonly string[];
  readonly only: string | undefined;
  readonly warnings: Set<string>;
}

function optionsOf(path: string, reading: Reading, depth: number): readonly SaidOption[] {
  if (depth > DEEPEST_INCLUDE)
    throw new RunError('usage', `${path}: included more than ${DEEPEST_INCLUDE} levels deep`);
  const parts = parsed(path);
  if (isOpenToAll(path)) {
    const said = parts.flatMap((part) => (part.kind === 'option' ? [part] : []));
    passOver(
      path,
      said.map((option) => saidIn(path, option)),
      reading,
    );
    return [];
  }
  return parts.flatMap((part) => {
    if (part.kind === 'option') return reading.groups.includes(part.group) ? [saidIn(path, part)] : [];
    const included =
      part.kind === 'file' ? [part.path].filter((name) => existsSync(name)) : configurationsIn(part.path);
    return included.flatMap((each) => optionsOf(each, reading, depth + 1));
  });
}

const saidIn = (
  path: string,
  { group, name, value, line }: Omit<SaidOption, 'where'> & { line: number },
): SaidOption => ({
  group,
  name,
  value,
  where: `${path}, line ${line}`,
});

/** Bytewise, as the servers' programs sort them; files whose name begins with a dot, too. */
function configurationsIn(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory, 'buffer').sort(Buffer.compare).map(String);
    return names.filter((name) => name.endsWith('.cnf')).map((name) => join(directory, name));
  } catch (error) {
    throw new RunError('usage', `!includedir ${directory}: ${messageOf(error)}`);
  }
}

function isOpenToAll(path: string): boolean {
  const file = statSync(path);
  return file.isFile() && (file.mode & WRITABLE_BY_ALL) !== 0;
}

/**
 * The servers' own programs skip such a file with a warning. That is not enough where it is the only one, or would have
 * decided which server is met: then another server would be snapshotted.
 */
function passOver(path: string, said: readonly SaidOption[], { groups, only, warnings }: Reading): void {
  const ours = said.filter(({ group }) => groups.includes(group));
  const message = `${path} is world-writable`;
  if (path === only || ours.some(decidesServer)) {
    throw new RunError('usage', `${message}; refusing to read it`, { hint: `chmod o-w ${path}` });
  }
  warnings.add(`${message}: skipped`);
}

function parsed(path: string) {
  try {
    return parseOptionFile(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof OptionFileError) throw new RunError('usage', `${path}, line ${error.line} ${error.message}`);
    throw new RunError('usage', `${path}: ${messageOf(error)}`);
  }
}
