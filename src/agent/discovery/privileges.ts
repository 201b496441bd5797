import type { Row } from '../ports.ts';
import { withoutAccount } from './server-questions.ts';

/** One privilege as a line of SHOW GRANTS gives or takes it; upper case. */
interface Line {
  /** Whether it is given; partial revokes, and verbs that nobody knows yet, take it away. */
  readonly given: boolean;
  readonly name: string;
  /** The schema and table, without quotes, `*` for all. */
  readonly schema: string;
  readonly table: string;
}

/**
 * The privileges in upper case: global ones as GRANT names them (`ALL PRIVILEGES` stands for itself), the others
 * as `SELECT ON PERFORMANCE_SCHEMA.*`. What was revoked on some schema (MySQL's partial revokes) is not held globally.
 */
export function parseGrants(rows: readonly Row[]): readonly string[] {
  const lines = withoutAccount(rows).flatMap(({ grant }) => parseLine(grant ?? ''));
  const revoked = lines.filter(({ given }) => !given);
  const privileges = lines
    .filter(({ given }) => given)
    .flatMap(({ name, schema, table }) => {
      if (schema !== '*' || table !== '*') return onSchema(name, schema, table);
      // What is left of everything cannot be listed.
      if (name === ALL) return revoked.length === 0 ? [name] : [];
      const elsewhere = revoked.filter((line) => line.name === name || line.name === ALL);
      if (elsewhere.length === 0) return [name];
      return elsewhere.some((line) => covers(line.schema, PERFORMANCE_SCHEMA))
        ? []
        : [`${name} ON ${PERFORMANCE_SCHEMA}.*`];
    });
  return [...new Set(privileges)].sort();
}

/** Whether an account with these privileges may do what `privilege` allows. */
export const holds = (privileges: readonly string[], privilege: string): boolean =>
  privileges.includes(ALL) || privileges.includes(privilege);

const ALL = 'ALL PRIVILEGES';
const PERFORMANCE_SCHEMA = 'PERFORMANCE_SCHEMA';

/** As it stands, and where a pattern covers the performance schema, as if it named that. */
function onSchema(name: string, schema: string, table: string): readonly string[] {
  const asItStands = `${name} ON ${unescaped(schema)}.${table}`;
  if (table !== '*' || !covers(schema, PERFORMANCE_SCHEMA)) return [asItStands];
  const names = name === ALL ? [ALL, 'SELECT'] : [name];
  return names.map((each) => `${each} ON ${PERFORMANCE_SCHEMA}.*`);
}

/** `GRANT SELECT, UPDATE (a, b) ON "odd name".*`; no lines where it is a role or an account that is granted. */
function parseLine(grant: string): readonly Line[] {
  const [, verb = '', names = '', object = ''] = /^(\w+) (.+?) ON (.+)$/s.exec(grant) ?? [];
  const [, schema, table] = OBJECT.exec(object) ?? [];
  if (schema === undefined || table === undefined) return /^(GRANT|SET)\b/i.test(grant) ? [] : [NOTHING_IS_SURE];
  const given = verb.toUpperCase() === 'GRANT';
  return namesOf(names).map((name) => ({
    given,
    name: name.trim().toUpperCase(),
    schema: unquoted(schema).toUpperCase(),
    table: unquoted(table).toUpperCase(),
  }));
}

/** What takes away something that is not understood may take away anything. */
const NOTHING_IS_SURE: Line = { given: false, name: ALL, schema: '%', table: '*' };

/** Schema and table, quoted or not (ANSI_QUOTES, sql_quote_show_create = 0). */
const OBJECT =
  /^(?:TABLE )?(\*|`(?:[^`]|``)*`|"(?:[^"]|"")*"|[^\s.`"]+)\.(\*|`(?:[^`]|``)*`|"(?:[^"]|"")*"|[^\s.`"]+)\s*$/i;

/** The commas of a list of columns part no privileges. */
const namesOf = (names: string): readonly string[] => names.match(/(?:\([^)]*\)|[^,])+/g) ?? [];

function unquoted(name: string): string {
  const [quote = ''] = name;
  return quote === '`' || quote === '"' ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}

/** `\_` and `\%` are the characters themselves. */
const unescaped = (schema: string): string => schema.replace(/\\([_%])/g, '$1');

/** A schema's name in a grant is a pattern, in which `_` is any character and `%` any text [doc: GRANT]. */
function covers(pattern: string, schema: string): boolean {
  const expression = pattern.replace(/\\[_%]|[_%]|[^\w]/g, (part) => {
    if (part === '_') return '.';
    if (part === '%') return '.*';
    return part.length === 2 ? part.slice(1) : `\\${part}`;
  });
  return new RegExp(`^${expression}$`, 's').test(schema);
}
