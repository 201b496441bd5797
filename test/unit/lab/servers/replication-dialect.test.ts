import { describe, expect, test } from 'vitest';
import { normalGtid, replicationDialect, type SourceAddress } from '../../../../src/lab/servers/replication-dialect.ts';

const source: SourceAddress = { port: 33061, user: 'replication', password: 'ab12' };
const binlog = { file: 'mysql-bin.000003', position: 4711 };

describe('MariaDB', () => {
  const dialect = replicationDialect('mariadb');

  test('by GTID: the recorded position is set first', () => {
    const [stop, reset, position, change, start] = dialect.replicate(source, { by: 'gtid', gtid: '0-1-62' });
    expect([stop, reset, position, start]).toEqual([
      'STOP ALL SLAVES',
      'RESET SLAVE ALL',
      "SET GLOBAL gtid_slave_pos = '0-1-62'",
      'START SLAVE',
    ]);
    expect(change).toContain('MASTER_USE_GTID = slave_pos');
    expect(change).not.toContain('MASTER_LOG_FILE');
  });

  test('by file and position: no GTID helps it', () => {
    const statements = dialect.replicate(source, { by: 'position', binlog });
    expect(statements.join('; ')).toContain(
      "MASTER_USE_GTID = no, MASTER_LOG_FILE = 'mysql-bin.000003', MASTER_LOG_POS = 4711",
    );
    expect(statements.join('; ')).not.toContain('gtid_slave_pos');
  });

  const row = { Slave_IO_Running: 'Yes', Slave_SQL_Running: 'Yes', Last_IO_Errno: 0, Last_SQL_Errno: 0 };
  test.each([
    ['all well', row, {}],
    ['it reconnects', { ...row, Slave_IO_Running: 'Connecting', Last_IO_Errno: 2003 }, {}],
    [
      'a row that is there already',
      { ...row, Slave_SQL_Running: 'No', Last_SQL_Errno: 1062, Last_SQL_Error: 'Duplicate entry' },
      { error: '1062 Duplicate entry' },
    ],
    [
      'a place that the source does not have',
      { ...row, Slave_IO_Running: 'No', Last_IO_Errno: 1236, Last_IO_Error: 'Got fatal error 1236' },
      { error: '1236 Got fatal error 1236' },
    ],
    ['stopped', { ...row, Slave_SQL_Running: 'No', Last_SQL_Error: '' }, { error: 'its SQL thread does not run' }],
  ])('its state: %s', (_, said, state) => {
    expect(dialect.readState([said])).toEqual(state);
  });
});

describe('MySQL', () => {
  const dialect = replicationDialect('mysql');

  test('by GTID: what it has executed is in it already', () => {
    const statements = dialect.replicate(source, { by: 'gtid', gtid: 'u:1-62' });
    expect(statements[1]).toBe('RESET REPLICA ALL');
    expect(statements[2]).toMatch(/GET_SOURCE_PUBLIC_KEY = 1, SOURCE_AUTO_POSITION = 1$/);
    expect(statements).toHaveLength(4);
  });

  test('by file and position', () => {
    expect(dialect.replicate(source, { by: 'position', binlog })[2]).toMatch(
      /SOURCE_AUTO_POSITION = 0, SOURCE_LOG_FILE = 'mysql-bin.000003', SOURCE_LOG_POS = 4711$/,
    );
  });

  test('its state', () => {
    const row = { Replica_IO_Running: 'Yes', Replica_SQL_Running: 'Yes' };
    expect(dialect.readState([row])).toEqual({});
    expect(
      dialect.readState([
        { ...row, Replica_SQL_Running: 'No', Last_SQL_Errno: 1032, Last_SQL_Error: "Can't find record" },
      ]),
    ).toEqual({ error: "1032 Can't find record" });
    expect(dialect.readState([])).toEqual({ error: 'there is no replication' });
  });
});

test('a GTID set in one form', () => {
  expect(normalGtid('b:1-9,\na:1-5')).toBe('a:1-5,b:1-9');
  expect(normalGtid('1-2-3,0-1-62')).toBe('0-1-62,1-2-3');
  expect(normalGtid(null)).toBe('');
});
