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

const HOLDS = ['SELECT ON PERFORMANCE_SCHEMA.*'];

test.each([
  // As sql_mode ANSI_QUOTES prints it [seen on 9.7], and without sql_quote_show_create.
  'GRANT SELECT ON "performance_schema".* TO "a"@"b"',
  'GRANT SELECT ON performance_schema.* TO a@b',
  // As many tools write it: a name in a grant is a pattern.
  'GRANT SELECT ON `performance\\_schema`.* TO `a`@`b`',
  'GRANT SELECT ON `performance%`.* TO `a`@`b`',
  'GRANT SELECT ON `%`.* TO `a`@`b`',
])('a schema is understood, not compared: %s', (line) => {
  expect(parseGrants(grants(line))).toEqual(HOLDS);
});

test.each([
  ['GRANT SELECT ON `performance\\%schema`.* TO `a`@`b`', 'SELECT ON PERFORMANCE%SCHEMA.*'],
  ['GRANT SELECT ON `performance`.* TO `a`@`b`', 'SELECT ON PERFORMANCE.*'],
  ['GRANT SELECT ON `performance_schema`.`threads` TO `a`@`b`', 'SELECT ON PERFORMANCE_SCHEMA.THREADS'],
  ['GRANT SELECT (`a`, `b`) ON `performance_schema`.* TO `a`@`b`', 'SELECT (`A`, `B`) ON PERFORMANCE_SCHEMA.*'],
  ['GRANT SELECT ON `x.* TO performance_schema`.* TO `a`@`b`', 'SELECT ON X.* TO PERFORMANCE_SCHEMA.*'],
  ['GRANT SELECT ON `x``.performance_schema`.* TO `a`@`b`', 'SELECT ON X`.PERFORMANCE_SCHEMA.*'],
])('what is not granted on the performance schema is not held there: %s', (line, held) => {
  expect(parseGrants(grants(line))).toEqual([held]);
});

test('all privileges on a pattern that covers it allow reading there', () => {
  expect(holds(parseGrants(grants('GRANT ALL PRIVILEGES ON `%`.* TO `a`@`b`')), 'SELECT ON PERFORMANCE_SCHEMA.*')).toBe(
    true,
  );
});

test('a role is no privilege; what it brings stands on lines of its own', () => {
  const role = [
    'GRANT `bk`@`%` TO `a`@`b`',
    'GRANT RELOAD, PROCESS ON *.* TO `bk`',
    'SET DEFAULT ROLE `bk` FOR `a`@`b`',
  ];
  expect(parseGrants(grants(...role))).toEqual(['PROCESS', 'RELOAD']);
});

test.each(['DENY SELECT ON `shop`.* TO `a`@`b`', 'DENY something that nobody knows'])(
  'what takes away in words that are not known takes away all the same: %s',
  (line) => {
    const held = parseGrants(grants('GRANT ALL PRIVILEGES ON *.* TO `a`@`b`', line));
    expect(holds(held, 'SELECT')).toBe(false);
  },
);

test.each([
  ['GRANT SELECT ON `a TO b`.* TO `secret`@`h`', 'GRANT SELECT ON `a TO b`.*'],
  ['SET DEFAULT ROLE `bk` FOR `secret`@`h`', 'SET DEFAULT ROLE `bk`'],
  ['GRANT PROXY ON `secret`@`h` TO `secret`@`h` WITH GRANT OPTION', 'GRANT PROXY'],
])('no account gets into a capture: %s', (line, grant) => {
  expect(withoutAccount(grants(line))).toEqual([{ grant }]);
});
