import type { Row } from '../ports.ts';
import { withoutAccount } from './server-questions.ts';

/**
 * The privileges in upper case: global ones as GRANT names them (`ALL PRIVILEGES` stands for itself), the others
 * as `SELECT ON PERFORMANCE_SCHEMA.*`.
 */
export function parseGrants(rows: readonly Row[]): readonly string[] {
  const privileges = withoutAccount(rows).flatMap(({ grant }) => {
    const [, names, object] = /^GRANT (.+) ON (.+)$/i.exec(grant ?? '') ?? [];
    if (names === undefined || object === undefined) return [];
    const suffix = object === '*.*' ? '' : ` ON ${object.replaceAll('`', '')}`;
    return names.split(',').map((name) => `${name.trim()}${suffix}`.toUpperCase());
  });
  return [...new Set(privileges)].sort();
}

/** Whether an account with these privileges may do what `privilege` allows. */
export const holds = (privileges: readonly string[], privilege: string): boolean =>
  privileges.includes('ALL PRIVILEGES') || privileges.includes(privilege);
