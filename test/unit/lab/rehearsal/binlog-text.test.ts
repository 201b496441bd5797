import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BinlogText } from '../../../../src/lab/rehearsal/binlog-text.ts';

function read(lines: readonly string[]) {
  const text = new BinlogText();
  for (const line of lines) text.read(line);
  return { ...text.contents, entries: [...text.contents.entries] };
}

const textOf = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8').split('\n');

/** Both: inserts, an update, a delete, another schema, a note that looks like a row event, and a rotation. */
const mariadb = textOf('mariadb-binlog-10.11.txt');
const mysql = textOf('mysqlbinlog-9.7.txt');

test.each([
  ['MariaDB', mariadb, 50, 'GTID 0-1-1 ddl'],
  ['MySQL', mysql, 52, expect.stringMatching(/^GTID last_committed=0 sequence_number=1 /)],
])('the entries of the ledgers and the changes in a real binary log of %s', (_, lines, changes, firstChange) => {
  expect(read(lines)).toEqual({
    entries: [
      'ledger_innodb:3:1042',
      'ledger_myisam:1:7',
      'ledger_innodb:4:1',
      'ledger_innodb:4:2',
      'ledger_innodb:1:1',
    ],
    changes,
    firstChange,
  });
});

const HEAD = '#261122  8:53:26 server id 1  end_log_pos 3258 CRC32 0xef1ce586 \t';

test.each([
  // The rotation, and four events at the head of the next file.
  ['MariaDB', mariadb, 5, 'Binlog checkpoint mysql-bin.000002'],
  // The rotation, and two events at the head of the next file.
  ['MySQL', mysql, 3, 'Previous-GTIDs'],
])('what %s writes to keep its log is no change: rotation, the next file, the end', (_, lines, heads, late) => {
  const rotation = lines.slice(
    lines.findIndex((line) => line.includes('Rotate to')),
    lines.findLastIndex((line) => /\tGTID[ \t]/.test(line)),
  );
  expect(rotation.filter((line) => line.includes('end_log_pos'))).toHaveLength(heads);
  const written = [...rotation, `${HEAD}${late}`, `${HEAD}Stop`];
  expect(read(written)).toEqual({ entries: [], changes: 0, firstChange: undefined });
  expect(read([...written, `${HEAD}Incident`])).toMatchObject({ changes: 1, firstChange: 'Incident' });
});

test.each(['GTID\tlast_committed=1\tsequence_number=2', 'Anonymous_GTID\tlast_committed=0', 'Heartbeat', 'Xid = 12'])(
  '%j is a change, or is none that we know',
  (event) => {
    expect(read([HEAD + event])).toMatchObject({ changes: 1, firstChange: event.replaceAll('\t', ' ') });
  },
);
