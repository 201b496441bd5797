import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BinlogEnd, BinlogEndText } from '../../../../src/lab/rehearsal/binlog-end.ts';

function endOf(lines: readonly string[]): BinlogEnd | undefined {
  const text = new BinlogEndText();
  for (const line of lines) text.read(line);
  return text.end;
}

const linesOf = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8').split('\n');

/** What the programs make of a file that ends at a place: nothing that stands at it or after it, and their own end. */
function cutAt(lines: readonly string[], position: number): readonly string[] {
  const next = lines.indexOf(`# at ${position}`);
  return [...(next < 0 ? lines : lines.slice(0, next)), 'ROLLBACK /* added by mysqlbinlog */;'];
}

describe('MariaDB', () => {
  const real = linesOf('mariadb-binlog-10.11.txt');

  test('the end of a file that ends with a commit', () => {
    expect(endOf(real)).toEqual({ position: 617, gtid: '0-1-13' });
  });

  test.each([
    ['a new file', 256, { position: 256 }],
    ['its housekeeping', 328, { position: 328 }],
    ['a GTID without its statement', 370, { position: 328 }],
    ['DDL', 455, { position: 455, gtid: '0-1-1' }],
    ['a transaction that has begun', 1443, { position: 1401, gtid: '0-1-6' }],
    ['one that lacks its commit', 1903, { position: 1401, gtid: '0-1-6' }],
    ['its commit', 1934, { position: 1934, gtid: '0-1-7' }],
    ['a MyISAM statement that lacks its COMMIT', 2135, { position: 1934, gtid: '0-1-7' }],
  ])('the end after %s', (_, position, end) => {
    expect(real).toContain(`# at ${position}`);
    expect(endOf(cutAt(real, position))).toEqual(end);
  });

  test('a torn first event leaves nothing', () => {
    expect(endOf(cutAt(real, 4))).toBeUndefined();
  });

  test('from 11.4 on the events within a transaction have no place', () => {
    const head = (position: number, event: string) =>
      `#261126 16:51:02 server id 1  end_log_pos ${position} CRC32 0x00000000 \t${event}`;
    const begun = [
      head(385, 'Binlog checkpoint mysql-bin.000002'),
      head(427, 'GTID 0-1-187 trans'),
      'START TRANSACTION',
    ];
    const rows = [head(0, 'Annotate_rows:'), head(0, 'Write_rows: table id 18 flags: STMT_END_F')];
    expect(endOf([...begun, ...rows])).toEqual({ position: 385 });
    expect(endOf([...begun, ...rows, head(601, 'Xid = 227')])).toEqual({ position: 601, gtid: '0-1-187' });
  });
});

describe('MySQL', () => {
  const real = linesOf('mysqlbinlog-9.7-newest.txt');
  const uuid = /GTID_NEXT= '([^:]+):/.exec(real.join('\n'))?.[1];

  test.each([
    ['a new file', 127, { position: 127 }],
    ['its housekeeping', 198, { position: 198 }],
    ['a GTID without its statement', 277, { position: 198 }],
    ['a transaction that has begun', 348, { position: 198 }],
    ['one that lacks its commit', 444, { position: 198 }],
    ['its commit', 475, { position: 475, gtid: `${uuid}:187` }],
    ['a MyISAM statement that lacks its COMMIT', 1084, { position: 848, gtid: `${uuid}:188` }],
    ['its COMMIT', 1156, { position: 1156, gtid: `${uuid}:189` }],
    ['a GTID without its DDL', 1233, { position: 1156, gtid: `${uuid}:189` }],
    ['DDL', 1357, { position: 1357, gtid: `${uuid}:190` }],
  ])('the end after %s', (_, position, end) => {
    expect(endOf(cutAt(real, position))).toEqual(end);
  });

  test('a procedure whose body begins with BEGIN is one statement', () => {
    const body = ['CREATE PROCEDURE p()', 'BEGIN', 'COMMIT', 'END', '/*!*/;'];
    const ddl = real.flatMap((line) => (line.startsWith('create table') ? body : [line]));
    expect(endOf(ddl)).toEqual({ position: 1357, gtid: `${uuid}:190` });
  });
});
