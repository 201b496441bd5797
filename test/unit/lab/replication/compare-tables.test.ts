import { expect, test } from 'vitest';
import { compareTables } from '../../../../src/lab/replication/compare-tables.ts';

const source = new Map([
  ['`lab`.`accounts`', '1'],
  ['`lab`.`notes`', '2'],
  ['`lab`.`side_3`', '3'],
]);

test('the same tables with the same rows', () => {
  expect(compareTables(source, new Map([...source].reverse()))).toEqual([]);
});

test('every table that is not the same is named, by what it differs in', () => {
  const replica = new Map([
    ['`lab`.`accounts`', '1'],
    ['`lab`.`notes`', '7'],
    ['`lab`.`side_2`', '3'],
  ]);
  expect(compareTables(source, replica)).toEqual([
    { table: '`lab`.`notes`', difference: 'has other rows' },
    { table: '`lab`.`side_2`', difference: 'is not on the source' },
    { table: '`lab`.`side_3`', difference: 'is not on the replica' },
  ]);
});

test('a table that neither can read is not the same', () => {
  const unreadable = new Map([['`lab`.`notes`', 'null']]);
  expect(compareTables(unreadable, unreadable)).toEqual([{ table: '`lab`.`notes`', difference: 'has other rows' }]);
});
