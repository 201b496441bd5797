import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import { OptionFileError, parseOptionFile } from '../options/option-file.ts';

/** The usual places, in the order in which MySQL's and MariaDB's own programs read them. */
const usualFiles = (home: string | undefined): readonly string[] => [
  '/etc/my.cnf',
  '/etc/mysql/my.cnf',
  ...(home === undefined ? [] : [join(home, '.my.cnf')]),
];

const DEEPEST_INCLUDE = 10;
const WRITABLE_BY_ALL = 0o002;

/**
 * The options of the given groups, later files and groups over earlier ones. With `only`, that file alone is read
 * and has to exist. Throws RunError `usage` naming file and line, never their content.
 */
export function readOptionFiles(
  groups: readonly string[],
  only: string | undefined,
  home: string | undefined,
): ReadonlyMap<string, string> {
  const merged = new Map<string, string>();
  if (only !== undefined && !existsSync(only)) {
    throw new RunError('usage', `--defaults-file ${only}: no such file`, { hint: 'Name an option file that exists.' });
  }
  for (const path of only === undefined ? usualFiles(home).filter((file) => existsSync(file)) : [only]) {
    readInto(merged, path, groups, 0);
  }
  return merged;
}

function readInto(merged: Map<string, string>, path: string, groups: readonly string[], depth: number): void {
  if (depth > DEEPEST_INCLUDE)
    throw new RunError('usage', `${path}: included more than ${DEEPEST_INCLUDE} levels deep`);
  for (const part of parsed(path)) {
    if (part.kind === 'options') {
      if (groups.some((group) => part.groups.has(group))) refuseOpenToAll(path);
      for (const group of groups) {
        for (const [name, value] of part.groups.get(group) ?? []) merged.set(name, value);
      }
    } else {
      const included = part.kind === 'file' ? [part.path] : configurationsIn(part.path);
      for (const each of included.filter((name) => existsSync(name))) readInto(merged, each, groups, depth + 1);
    }
  }
}

function configurationsIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.cnf'));
    return names.sort().map((name) => join(directory, name));
  } catch (error) {
    throw new RunError('usage', `!includedir ${directory}: ${messageOf(error)}`);
  }
}

/** The servers' own programs do not believe such a file either; this one says so. Only where it has a say at all. */
function refuseOpenToAll(path: string): void {
  const file = statSync(path);
  if (!file.isFile() || (file.mode & WRITABLE_BY_ALL) === 0) return;
  throw new RunError('usage', `${path} may be written by anybody, so it is not believed`, {
    hint: `chmod o-w ${path}`,
  });
}

function parsed(path: string) {
  try {
    return parseOptionFile(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof OptionFileError) throw new RunError('usage', `${path}, line ${error.line} ${error.message}`);
    throw new RunError('usage', `${path}: ${messageOf(error)}`);
  }
}
