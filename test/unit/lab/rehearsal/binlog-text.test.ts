import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BinlogText } from '../../../../src/lab/rehearsal/binlog-text.ts';

function read(lines: readonly string[]) {
  const text = new BinlogText();
  for (const line of lines) text.read(line);
  return { ...text.contents, entries: [...text.contents.entries] };
}

/** MariaDB 10.11: inserts, an update, a delete, another schema, and a note that looks like a row event. */
const real = readFileSync(join(import.meta.dirname, 'mariadb-binlog-10.11.txt'), 'utf8').split('\n');

test('the entries of the ledgers and the transactions in a real binary log', () => {
  expect(read(real)).toEqual({
    entries: [
      'ledger_innodb:3:1042',
      'ledger_myisam:1:7',
      'ledger_innodb:4:1',
      'ledger_innodb:4:2',
      'ledger_innodb:1:1',
    ],
    transactions: 13,
    rotated: true,
  });
});

test('a rotation alone is no transaction', () => {
  const lastFile = real.slice(real.findLastIndex((line) => line.includes('Start: binlog v')));
  const rotation = lastFile.slice(
    0,
    lastFile.findIndex((line) => line.includes('\tGTID ')),
  );
  expect(rotation.length).toBeGreaterThan(5);
  expect(read(rotation)).toMatchObject({ entries: [], transactions: 0 });
});
