import { describe, expect, it, test } from 'vitest';
import type { ReplicaFacts, ServerFacts, ServerVersion } from '../../../../../src/agent/discovery/facts.ts';
import { MOST_TABLES } from '../../../../../src/agent/discovery/recovery.ts';
import { crashObstacles } from '../../../../../src/agent/plan/preflight/crash/index.ts';
import { serverOf } from '../some-servers.ts';

const mysql = await serverOf('mysql');
const mariadb = await serverOf('mariadb');

const none = { nonTransactionalTables: [], preparedTransactions: 0, gtidPositionTables: [] };
const tables = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ table: `\`shop\`.\`t${n}\``, engine: 'MYISAM' }));
const messages = (server: ServerFacts) => crashObstacles(server).map(({ message }) => message);

test('nothing speaks against MySQL 8.4 as it comes, nor against MariaDB with a synced binary log', () => {
  expect(crashObstacles(mysql)).toEqual([]);
  expect(crashObstacles(mariadb)).toEqual([]);
});

test('MariaDB as it comes does not sync its binary log', () => {
  expect(messages({ ...mariadb, syncBinlog: 0 })).toEqual([expect.stringContaining('sync_binlog is 0')]);
  expect(messages({ ...mariadb, syncBinlog: 0, binlogEnabled: false })).toEqual([]);
});

describe.each([
  ['MySQL', mysql],
  ['MariaDB', mariadb],
])('of %s', (_flavour, server) => {
  it.each<[string, Partial<ServerFacts>, RegExp, RegExp]>([
    ['sync_binlog 0', { syncBinlog: 0 }, /^sync_binlog is 0/, /(SET GLOBAL|Write) sync_binlog = 1/],
    ['sync_binlog 100', { syncBinlog: 100 }, /^sync_binlog is 100/, /(SET GLOBAL|Write) sync_binlog = 1/],
    ['redo at 0', { flushLogAtTrxCommit: 0 }, /^innodb_flush_log_at_trx_commit is 0/, /(SET GLOBAL|Write) .* = 1/],
    ['redo at 2', { flushLogAtTrxCommit: 2 }, /^innodb_flush_log_at_trx_commit is 2/, /(SET GLOBAL|Write) .* = 1/],
    ['no doublewrite', { doublewrite: false }, /^innodb_doublewrite is off/, /innodb_doublewrite = ON/],
    ['nosync', { flushMethod: 'nosync' }, /^innodb_flush_method is nosync/, /innodb_flush_method = O_DIRECT/],
    [
      'a table that is not InnoDB',
      { recovery: { ...none, nonTransactionalTables: [{ table: '`a``b`.`c`', engine: 'MYISAM' }] } },
      /`a``b`\.`c` \(MYISAM\)$/,
      /^ALTER TABLE `a``b`\.`c` ENGINE = InnoDB;/,
    ],
    ['prepared transactions', { recovery: { ...none, preparedTransactions: 2 } }, /^2 prepared XA/, /XA COMMIT/],
  ])('%s is named, with what mends it', (_what, change, message, hint) => {
    expect(crashObstacles({ ...server, ...change })).toEqual([
      { code: 'crash-not-provable', message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
    ]);
  });

  it('a setting that was changed while the server runs is refused where the server keeps no time of it', () => {
    const watched = [
      { name: 'sync_binlog', value: '1', trace: 'SQL' },
      { name: 'innodb_flush_log_at_trx_commit', value: '1', trace: 'CONFIG' },
    ];
    const refused = {
      code: 'crash-not-provable',
      message: expect.stringMatching(/^sync_binlog was set by SET GLOBAL/),
      hint: expect.stringMatching(/^Write sync_binlog = 1 into the option file/),
    };
    expect(crashObstacles({ ...server, watched })).toEqual(server.version.flavour === 'mariadb' ? [refused] : []);
  });

  it('redo at 3 syncs more often than at 1', () => {
    expect(messages({ ...server, flushLogAtTrxCommit: 3 })).toEqual([]);
  });

  it('what may not be seen is asked for by name', () => {
    expect(crashObstacles({ ...server, privileges: ['PROCESS'], recovery: undefined })).toEqual([
      {
        code: 'server-denied',
        message: expect.stringContaining('lacks SHOW VIEW:'),
        hint: expect.stringContaining('GRANT SHOW VIEW ON *.*'),
      },
    ]);
  });

  it('all that is wrong is told at once', () => {
    expect(messages({ ...server, syncBinlog: 0, doublewrite: false, flushLogAtTrxCommit: 2 })).toHaveLength(3);
  });
});

test('of many tables five are named, and all are counted', () => {
  const said = (count: number) => messages({ ...mysql, recovery: { ...none, nonTransactionalTables: tables(count) } });
  expect(said(5)).toEqual([expect.stringMatching(/`t4` \(MYISAM\)$/)]);
  expect(said(6)).toEqual([expect.stringMatching(/`t4` \(MYISAM\) and others, 6 in all$/)]);
  expect(said(MOST_TABLES)).toEqual([expect.stringContaining(`${MOST_TABLES} or more in all`)]);
});

test('XA_RECOVER_ADMIN is asked for only where it is needed', () => {
  const at = (patch: number) => ({ ...mysql, version: { flavour: 'mysql', major: 8, minor: 0, patch } }) as const;
  expect(messages(at(29))).toEqual([expect.stringContaining('lacks XA_RECOVER_ADMIN:')]);
  expect(messages(at(30))).toEqual([]);
});

test.each<[ServerVersion['flavour'], number, number, number, string, boolean]>([
  ['mysql', 5, 7, 24, 'O_DIRECT_NO_FSYNC', false],
  ['mysql', 5, 7, 25, 'O_DIRECT_NO_FSYNC', true],
  ['mysql', 8, 0, 13, 'O_DIRECT_NO_FSYNC', false],
  ['percona', 8, 0, 14, 'O_DIRECT_NO_FSYNC', true],
  ['mysql', 8, 4, 3, 'littlesync', false],
  ['mysql', 8, 4, 3, 'O_DIRECT', true],
  ['mysql', 5, 7, 44, '', true],
  ['mariadb', 10, 6, 18, 'O_DIRECT_NO_FSYNC', false],
  ['mariadb', 10, 6, 18, 'fsync', true],
  ['mariadb', 10, 6, 18, 'nosync', false],
  ['mariadb', 11, 4, 2, 'nosync', true],
  ['mariadb', 11, 4, 2, 'O_DIRECT_NO_FSYNC', true],
])(
  '%s %i.%i.%i with innodb_flush_method %s syncs its files: %s',
  (flavour, major, minor, patch, flushMethod, synced) => {
    const privileges = ['ALL PRIVILEGES'];
    const said = messages({ ...mysql, privileges, version: { flavour, major, minor, patch }, flushMethod });
    expect(said).toEqual(
      synced ? [] : [`innodb_flush_method is ${flushMethod}: what InnoDB has written may not have reached the volume`],
    );
  },
);

it('a member of a cluster is refused, for want of proof', () => {
  for (const clustered of ['galera', 'group-replication'] as const) {
    expect(crashObstacles({ ...mysql, clustered })).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^the server is a member of a cluster/) }),
    ]);
  }
});

describe('a replica', () => {
  const east = { name: 'east', autoPosition: true, applying: true };
  const west = { name: 'west', autoPosition: false, applying: true };
  const replica = (change: Partial<ReplicaFacts>): ReplicaFacts => ({
    channels: [east],
    parallelWorkers: 4,
    openTemporaryTables: 0,
    relayLogRecovery: false,
    positionsInTable: true,
    lockConflictTables: [],
    ...change,
  });
  const of = (server: ServerFacts, change: Partial<ReplicaFacts>, more: Partial<ServerFacts> = {}) =>
    crashObstacles({ ...server, replica: replica(change), ...more });

  it('by GTID needs nothing more', () => {
    expect(of(mysql, {})).toEqual([]);
    expect(of(mariadb, { positionsInTable: false })).toEqual([]);
  });

  it('of MySQL by position needs a single applier: with several there may be gaps', () => {
    const parallel = { channels: [east, west], relayLogRecovery: true };
    expect(of(mysql, { ...parallel, parallelWorkers: 4 })).toEqual([
      {
        code: 'crash-not-provable',
        message: expect.stringMatching(/^'west' has parallel workers and no auto-position/),
        hint: expect.stringContaining('SOURCE_AUTO_POSITION = 1'),
      },
    ]);
    expect(of(mysql, { ...parallel, parallelWorkers: 0 })).toEqual([]);
  });

  it('of MySQL by position needs relay_log_recovery', () => {
    expect(of(mysql, { channels: [east, west], parallelWorkers: 0 })).toEqual([
      {
        code: 'crash-not-provable',
        message: expect.stringMatching(/^relay_log_recovery is off and 'west' uses no auto-position/),
        hint: expect.stringContaining('relay_log_recovery = ON'),
      },
    ]);
  });

  it('of MySQL whose place is in a file is refused even by GTID', () => {
    expect(of(mysql, { positionsInTable: false })).toEqual([
      {
        code: 'crash-not-provable',
        message: expect.stringMatching(/^relay_log_info_repository is FILE/),
        hint: expect.stringContaining("SET GLOBAL relay_log_info_repository = 'TABLE';"),
      },
    ]);
  });

  it('of MariaDB by position has its place in a file', () => {
    expect(of(mariadb, { channels: [east, west], relayLogRecovery: true })).toEqual([
      {
        code: 'crash-not-provable',
        message: expect.stringMatching(/^the replication connection 'west' uses no GTID/),
        hint: expect.stringContaining("CHANGE MASTER 'west' TO MASTER_USE_GTID = slave_pos;"),
      },
    ]);
  });

  it('of MariaDB has its place in tables of InnoDB', () => {
    const gtidPositionTables = [
      { table: '`mysql`.`gtid_slave_pos`', engine: 'ARIA' },
      { table: '`mysql`.`gtid_slave_pos_innodb`', engine: 'INNODB' },
    ];
    expect(of(mariadb, {}, { recovery: { ...none, gtidPositionTables } })).toEqual([
      {
        code: 'crash-not-provable',
        message: expect.stringMatching(/^`mysql`\.`gtid_slave_pos`, which .* is ARIA/),
        hint: expect.stringContaining('ALTER TABLE `mysql`.`gtid_slave_pos` ENGINE = InnoDB;'),
      },
    ]);
  });

  it('it once was matters no more', () => {
    const gtidPositionTables = [{ table: '`mysql`.`gtid_slave_pos`', engine: 'ARIA' }];
    expect(crashObstacles({ ...mariadb, recovery: { ...none, gtidPositionTables } })).toEqual([]);
  });
});
