import { RunError } from '../../shared/errors.ts';
import type { ServerVersion } from '../discovery/facts.ts';
import { atLeast, parseVersion } from '../discovery/server-version.ts';
import type { ServerSession } from '../ports.ts';

/** What the session reads back: a proxy may swallow a SET, and a limit that stayed cuts every answer in silence. */
const READ_BACK = { sql_mode: '', sql_select_limit: '18446744073709551615', autocommit: '1' } as const;

/**
 * Known to every version of both flavours. In literals: DEFAULT is the server's GLOBAL value [seen on 9.7 and 10.11].
 * `wait_timeout`: the session idles while AWS is asked and file systems are synced.
 */
const COMMON = [
  `SET SESSION wait_timeout = 86400, sql_mode = '${READ_BACK.sql_mode}', sql_select_limit = ${READ_BACK.sql_select_limit}, ` +
    `sql_big_selects = 1, autocommit = ${READ_BACK.autocommit}, sql_auto_is_null = 0, sql_quote_show_create = 1, time_zone = '+00:00'`,
  // The handshake's character set is ignored under skip-character-set-client-handshake [doc].
  'SET NAMES utf8mb4 COLLATE utf8mb4_general_ci',
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE',
] as const;

const VERSION_AND_SETTINGS = `SELECT VERSION() AS version, @@version_comment AS version_comment, ${Object.keys(
  READ_BACK,
)
  .map((name) => `@@SESSION.${name} AS ${name}`)
  .join(', ')}`;

/** One by one, by version: an unknown name fails the whole SET. Roles: MariaDB activates the default role by itself. */
export function settingsOf(version: ServerVersion): readonly string[] {
  if (version.flavour === 'mariadb') return ['SET SESSION max_statement_time = 0'];
  return [
    ...(atLeast(version, 5, 7, 8) ? ['SET SESSION max_execution_time = 0'] : []),
    ...(atLeast(version, 8, 0) ? ['SET ROLE ALL'] : []),
  ];
}

/**
 * Sets all that the session's questions depend on, whatever the server's GLOBAL values and `init_connect` say.
 * Throws ServerRefusal, or RunError `connection-lost`, or `server-unsupported` where the server does not keep a setting.
 */
export async function applySessionSettings(session: Pick<ServerSession, 'run'>): Promise<void> {
  for (const statement of COMMON) await session.run(statement);
  const [row = {}] = await session.run(VERSION_AND_SETTINGS);
  for (const [name, wanted] of Object.entries(READ_BACK)) {
    if (row[name] === wanted) continue;
    throw new RunError(
      'server-unsupported',
      `the server did not keep a setting of this session: ${name} is '${row[name]}' instead of '${wanted}'`,
      { hint: 'Connect to the server itself, not through a proxy: see host and socket in the option file.' },
    );
  }
  const version = parseVersion(row['version'] ?? '', row['version_comment'] ?? '');
  for (const statement of settingsOf(version)) await session.run(statement);
}
