import { expect, test } from 'vitest';
import { requireSeries } from '../../../../src/lab/servers/debootstrapped.ts';

test.each([
  ['mysql-9.7', '9.7.4-2'],
  ['mariadb-11.8', '11.8.9-MariaDB-0+deb13u1'],
] as const)('%s may be of version %s', (name, version) => {
  expect(() => requireSeries(name, version)).not.toThrow();
});

test.each([
  ['mysql-9.7', '9.70.0'],
  ['mysql-9.7', '10.7.1-1'],
  ['mariadb-11.8', '12.3.1-MariaDB-1'],
  ['mariadb-11.8', 'unknown'],
] as const)('%s is not of version %s, which is named', (name, version) => {
  expect(() => requireSeries(name, version)).toThrow(new RegExp(`carries ${version} now, which is not ${name}$`));
});
