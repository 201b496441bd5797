import type { Row, ServerQuestion, ServerReader } from '../ports.ts';
import type { RecoveryFacts, ServerVersion, TableEngine } from './facts.ts';
import { holds } from './privileges.ts';
import { EVERY_TABLE_MS } from './server-questions.ts';
import { atLeast } from './server-version.ts';
import { text } from './variables.ts';

/** Whether information_schema.TABLES shows every table: either global privilege does, and SHOW VIEW reads no data. */
export const canSeeAllTables = (privileges: readonly string[]): boolean =>
  holds(privileges, 'SHOW VIEW') || holds(privileges, 'SELECT');

/** More than these are not asked for: they will not be named. */
export const MOST_TABLES = 100;

/** Whether XA transactions that are prepared are recovered together with the binary log [doc: MySQL 8.0.30]. */
export const recoversPrepared = ({ flavour, ...version }: ServerVersion): boolean =>
  flavour !== 'mariadb' && atLeast({ flavour, ...version }, 8, 0, 30);

/** MySQL 8.0 made a privilege of listing them. */
export const mayListPrepared = (version: ServerVersion, privileges: readonly string[]): boolean =>
  version.flavour === 'mariadb' ||
  !atLeast(version, 8, 0) ||
  recoversPrepared(version) ||
  holds(privileges, 'XA_RECOVER_ADMIN');

/**
 * Reads the definition of every table, so it is asked only where something depends on it. A table without an engine is
 * one that the server cannot open: what it is made of is not known.
 */
const nonTransactionalTables: ServerQuestion = {
  name: 'non-transactional-tables',
  patienceMs: EVERY_TABLE_MS,
  sql: `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, COALESCE(ENGINE, 'unknown') AS engine FROM information_schema.TABLES
  WHERE (ENGINE <> 'InnoDB' OR ENGINE IS NULL AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW'))
  AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
  ORDER BY TABLE_SCHEMA, TABLE_NAME LIMIT ${MOST_TABLES}`,
};

const gtidPositionTables: ServerQuestion = {
  name: 'gtid-position-tables',
  sql: `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, ENGINE AS engine FROM information_schema.TABLES
  WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME LIKE 'gtid\\_slave\\_pos%' AND ENGINE IS NOT NULL
  ORDER BY TABLE_NAME`,
};

/** Whose they are is nobody's business: they are counted. */
const preparedTransactions: ServerQuestion = {
  name: 'prepared-transactions',
  sql: 'XA RECOVER',
  forCapture: (rows) => rows.map(({ formatID = null }) => ({ formatID })),
};

/** What crash recovery rests on; `undefined` where the account may not look. */
export async function readRecovery(
  server: ServerReader,
  version: ServerVersion,
  privileges: readonly string[],
): Promise<RecoveryFacts | undefined> {
  if (!mayListPrepared(version, privileges)) return undefined;
  const tables = await readNonTransactionalTables(server, privileges);
  if (tables === undefined) return undefined;
  return {
    nonTransactionalTables: tables,
    preparedTransactions: recoversPrepared(version) ? 0 : (await server.ask(preparedTransactions)).length,
    gtidPositionTables: version.flavour === 'mariadb' ? (await server.ask(gtidPositionTables)).map(tableEngine) : [],
  };
}

/** `undefined` where our account may not see all tables. */
export async function readNonTransactionalTables(
  server: ServerReader,
  privileges: readonly string[],
): Promise<readonly TableEngine[] | undefined> {
  if (!canSeeAllTables(privileges)) return undefined;
  return (await server.ask(nonTransactionalTables)).map(tableEngine);
}

const tableEngine = (row: Row): TableEngine => ({
  table: `${quoted(text(row, 'schema'))}.${quoted(text(row, 'name'))}`,
  engine: text(row, 'engine').toUpperCase(),
});

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
