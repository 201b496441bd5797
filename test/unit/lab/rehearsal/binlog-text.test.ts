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

test('the entries of the ledgers and the changes in a real binary log', () => {
  expect(read(real)).toEqual({
    entries: [
      'ledger_innodb:3:1042',
      'ledger_myisam:1:7',
      'ledger_innodb:4:1',
      'ledger_innodb:4:2',
      'ledger_innodb:1:1',
    ],
    changes: 50,
    firstChange: 'GTID 0-1-1 ddl',
  });
});

test('what a server writes to keep its log is no change: rotation, the next file, a late checkpoint, the end', () => {
  const head = '#261122  8:53:26 server id 1  end_log_pos 3258 CRC32 0xef1ce586 \t';
  const rotation = real.slice(
    real.findLastIndex((line) => line.includes('Rotate to')),
    real.findLastIndex((line) => line.includes('\tGTID ')),
  );
  expect(rotation.filter((line) => line.includes('end_log_pos'))).toHaveLength(5);
  const written = [...rotation, `${head}Binlog checkpoint mysql-bin.000002`, `${head}Stop`];
  expect(read(written)).toEqual({ entries: [], changes: 0, firstChange: undefined });
  expect(read([...written, `${head}Incident`])).toMatchObject({ changes: 1, firstChange: 'Incident' });
});
