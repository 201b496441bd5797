import type { Row, ServerQuestion } from '../ports.ts';
import type { ServerVersion, WatchedSetting } from './facts.ts';
import { atLeast } from './server-version.ts';

/** Those that both levels rest on: torn pages, whether every commit has a GTID, and what the redo log is made of. */
const AT_EITHER_LEVEL = ['innodb_doublewrite', 'gtid_mode', 'innodb_log_archive'] as const;
/** Level `crash` rests on these as well: nothing proves under a lock that commits were durable. */
const AT_LEVEL_CRASH = ['innodb_flush_log_at_trx_commit', 'sync_binlog', 'relay_log_info_repository'] as const;

export const restsOn = (level: 'application' | 'crash'): readonly string[] =>
  level === 'crash' ? [...AT_EITHER_LEVEL, ...AT_LEVEL_CRASH] : AT_EITHER_LEVEL;

const NAMES = restsOn('crash')
  .map((name) => `'${name}'`)
  .join(', ');

/**
 * One short answer of the server's own memory [doc: performance_schema.variables_info (SET TIMESTAMP does not move
 * SET_TIME: seen on 9.7), information_schema.SYSTEM_VARIABLES]. Needs no privilege.
 */
export function watchedSettings(version: ServerVersion): ServerQuestion {
  const sql =
    version.flavour === 'mariadb'
      ? `SELECT LOWER(VARIABLE_NAME) AS name, GLOBAL_VALUE AS value, GLOBAL_VALUE_ORIGIN AS trace FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_NAME IN (${NAMES})`
      : atLeast(version, 8, 0)
        ? `SELECT now.VARIABLE_NAME AS name, now.VARIABLE_VALUE AS value, COALESCE(info.SET_TIME, '') AS trace FROM performance_schema.global_variables AS now JOIN performance_schema.variables_info AS info USING (VARIABLE_NAME) WHERE now.VARIABLE_NAME IN (${NAMES})`
        : `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${NAMES})`;
  // A capture of an older version has no answer.
  return { name: 'watched-settings', sql, optional: true };
}

export const parseSettings = (rows: readonly Row[]): readonly WatchedSetting[] =>
  rows.map((row) => ({
    name: (row['name'] ?? row['Variable_name'] ?? '').toLowerCase(),
    value: row['value'] ?? row['Value'] ?? '',
    trace: row['trace'] ?? undefined,
  }));

/** What has changed of the settings that a level rests on, for people; `undefined` where nothing has. */
export function changedSetting(
  planned: readonly WatchedSetting[],
  now: readonly WatchedSetting[],
  level: 'application' | 'crash',
): string | undefined {
  const names = restsOn(level);
  for (const { name, value, trace } of planned.filter((each) => names.includes(each.name))) {
    const found = now.find((each) => each.name === name);
    if (found === undefined) return `the server no longer reports ${name}`;
    if (found.value !== value) return `${name} was ${value} and is ${found.value}`;
    if (found.trace !== trace) return `${name} was set meanwhile, and is ${value} again`;
  }
  return undefined;
}
