import type { Row } from '../ports.ts';
import { withoutAccount } from './server-questions.ts';

/**
 * The privileges in upper case: global ones as GRANT names them (`ALL PRIVILEGES` stands for itself), the others
 * as `SELECT ON PERFORMANCE_SCHEMA.*`. What was revoked on some schema (MySQL's partial revokes) is not held globally.
 */
export function parseGrants(rows: readonly Row[]): readonly string[] {
  const lines = withoutAccount(rows).flatMap(({ grant }) => {
    const [, verb, names, object] = /^(GRANT|REVOKE) (.+) ON (.+)$/.exec((grant ?? '').toUpperCase()) ?? [];
    if (names === undefined || object === undefined) return [];
    const on = object.replaceAll('`', '');
    return names.split(',').map((name) => ({ revoked: verb === 'REVOKE', name: name.trim(), on }));
  });
  const revokedOn = (name: string) => lines.filter((line) => line.revoked && line.name === name).map(({ on }) => on);
  const privileges = lines
    .filter(({ revoked }) => !revoked)
    .flatMap(({ name, on }) => {
      if (on !== '*.*') return [`${name} ON ${on}`];
      const elsewhere = revokedOn(name);
      if (elsewhere.length === 0) return [name];
      return elsewhere.includes('PERFORMANCE_SCHEMA.*') ? [] : [`${name} ON PERFORMANCE_SCHEMA.*`];
    });
  return [...new Set(privileges)].sort();
}

/** Whether an account with these privileges may do what `privilege` allows. */
export const holds = (privileges: readonly string[], privilege: string): boolean =>
  privileges.includes('ALL PRIVILEGES') || privileges.includes(privilege);
