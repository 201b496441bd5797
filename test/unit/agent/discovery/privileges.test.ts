import { expect, test } from 'vitest';
import { holds, parseGrants } from '../../../../src/agent/discovery/privileges.ts';
import { withoutAccount } from '../../../../src/agent/discovery/server-questions.ts';

const grants = (...lines: readonly string[]) => lines.map((line) => ({ 'Grants for a@b': line }));

test('what SHOW GRANTS prints, by either flavour', () => {
  expect(parseGrants(grants("GRANT RELOAD, PROCESS ON *.* TO 'a'@'b'", 'GRANT SELECT ON `shop`.* TO `a`@`b`'))).toEqual(
    ['PROCESS', 'RELOAD', 'SELECT ON SHOP.*'],
  );
  expect(parseGrants(grants('GRANT BACKUP_ADMIN,XA_RECOVER_ADMIN ON *.* TO `a`@`b`'))).toEqual([
    'BACKUP_ADMIN',
    'XA_RECOVER_ADMIN',
  ]);
  expect(
    holds(parseGrants(grants('GRANT ALL PRIVILEGES ON *.* TO `a`@`b` WITH GRANT OPTION')), 'XA_RECOVER_ADMIN'),
  ).toBe(true);
});

test('what was revoked on a schema is not held for everything, but may be on the performance schema', () => {
  const all = 'GRANT SELECT, SHOW VIEW, RELOAD ON *.* TO `a`@`b`';
  const partly = parseGrants(grants(all, 'REVOKE SELECT, SHOW VIEW ON `shop`.* FROM `a`@`b`'));
  expect(partly).toEqual(['RELOAD', 'SELECT ON PERFORMANCE_SCHEMA.*', 'SHOW VIEW ON PERFORMANCE_SCHEMA.*']);
  expect(parseGrants(grants(all, 'REVOKE SELECT ON `performance_schema`.* FROM `a`@`b`'))).toEqual([
    'RELOAD',
    'SHOW VIEW',
  ]);
});

test('a partial revoke loses its account too', () => {
  expect(withoutAccount(grants('REVOKE SELECT ON `shop`.* FROM `secret`@`b`'))).toEqual([
    { grant: 'REVOKE SELECT ON `shop`.*' },
  ]);
});
