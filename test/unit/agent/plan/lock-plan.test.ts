import { describe, expect, it } from 'vitest';
import type { ServerFacts } from '../../../../src/agent/discovery/facts.ts';
import { planLock } from '../../../../src/agent/plan/lock-plan.ts';

const plan = (flavour: 'mysql' | 'mariadb' | 'percona', version: string, more: Partial<ServerFacts> = {}) => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return planLock({
    version: { flavour, major, minor, patch },
    flushLogAtTrxCommit: 1,
    gtidMode: 'off',
    metadataLocksListed: true,
    ...more,
  } as ServerFacts);
};

describe('how commits are kept out', () => {
  it.each([
    ['mysql', '5.7.44', 'ftwrl', 'SHOW MASTER STATUS'],
    ['mysql', '8.0.36', 'instance-then-ftwrl', 'log_status'],
    ['mysql', '8.4.0', 'instance-then-ftwrl', 'log_status'],
    ['mysql', '9.7.4', 'instance-then-ftwrl', 'log_status'],
    ['percona', '8.0.35', 'instance-then-ftwrl', 'log_status'],
    ['mariadb', '10.3.39', 'ftwrl', 'SHOW MASTER STATUS'],
    ['mariadb', '10.4.34', 'backup-stage', 'SHOW MASTER STATUS'],
    ['mariadb', '10.5.1', 'backup-stage', 'SHOW MASTER STATUS'],
    ['mariadb', '10.5.2', 'backup-stage', 'SHOW BINLOG STATUS'],
    ['mariadb', '11.8.2', 'backup-stage', 'SHOW BINLOG STATUS'],
  ] as const)('%s %s: %s, %s', (flavour, version, kind, coordinates) => {
    expect(plan(flavour, version)).toMatchObject({ kind, coordinates: expect.stringContaining(coordinates) });
  });

  it('takes the backup lock before the one that stalls, and gives back the stalling one first', () => {
    const { prepare, blockCommits, release } = plan('mysql', '8.0.36');
    expect([...prepare, blockCommits, ...release]).toEqual([
      'LOCK INSTANCE FOR BACKUP',
      'FLUSH TABLES WITH READ LOCK',
      'UNLOCK TABLES',
      'UNLOCK INSTANCE',
    ]);
  });

  it('asks the server for its lock where that is listed, and else trusts the connection', () => {
    expect(plan('mysql', '8.4.0').stillHeld).toMatchObject({ by: 'row' });
    expect(plan('mysql', '8.4.0', { metadataLocksListed: false }).stillHeld).toEqual({ by: 'connection' });
    expect(plan('mariadb', '10.11.6', { metadataLocksListed: false }).stillHeld).toMatchObject({ by: 'refusal' });
  });

  it('asks for a stage where nothing is listed, and the list of locks where there is one', () => {
    expect(plan('mariadb', '10.3.39').otherBackup).toEqual({ witnesses: [expect.any(String)] });
    expect(plan('mariadb', '10.11.6').otherBackup.probe).toMatchObject({ end: 'BACKUP STAGE END' });
    expect(plan('mysql', '8.4.0').otherBackup.witnesses).toEqual([
      expect.any(String),
      expect.stringContaining('performance_schema.metadata_locks'),
    ]);
    expect(plan('mysql', '8.4.0', { metadataLocksListed: false }).otherBackup.witnesses).toHaveLength(1);
    expect(plan('mysql', '8.4.0').otherBackup).not.toHaveProperty('probe');
  });

  it('kills by the number of the query where the server has one: a connection may be at its next', () => {
    expect(plan('mariadb', '10.11.6')).toMatchObject({ killStatement: 'KILL SOFT QUERY ID' });
    expect(plan('mariadb', '10.11.6').longStatementsQuery).toContain('NULL, QUERY_ID) AS killId');
    expect(plan('mysql', '8.4.0')).toMatchObject({ killStatement: 'KILL QUERY' });
    expect(plan('mysql', '8.4.0').longStatementsQuery).toContain('NULL, ID) AS killId');
  });

  it('has the server end a statement that runs on under the lock, in the unit of its flavour', () => {
    expect(plan('mariadb', '10.11.6').bound.statement(3)).toBe('SET SESSION max_statement_time = 5');
    expect(plan('mysql', '8.4.0').bound.statement(3)).toBe('SET SESSION max_execution_time = 5000');
  });

  it('times the statements of MySQL where the performance schema does, and believes TIME on MariaDB alone', () => {
    const listed = (...server: Parameters<typeof plan>) => plan(...server).longStatementsQuery;
    expect(listed('mysql', '9.7.4', { statementsTimed: true })).toContain('TIMER_WAIT');
    expect(listed('mysql', '9.7.4')).toContain('0 AS measured');
    expect(listed('mariadb', '10.11.6')).toContain('1 AS measured');
    for (const version of ['5.7.44', '9.7.4'])
      expect(listed('mysql', version, { statementsTimed: true })).not.toContain('LIMIT');
  });

  it('asks who holds what the lock waits for where that is listed, and tries once where it cannot be seen', () => {
    expect(plan('mysql', '9.7.4')).toMatchObject({
      lockHoldersQuery: expect.stringContaining('SHARED_READ_ONLY'),
      blockersSeen: true,
    });
    expect(plan('mysql', '9.7.4', { metadataLocksListed: false })).toMatchObject({ blockersSeen: false });
    expect(plan('mysql', '9.7.4', { metadataLocksListed: false })).not.toHaveProperty('lockHoldersQuery');
    expect(plan('mysql', '5.7.44').blockersSeen).toBe(false);
    expect(plan('mariadb', '10.3.39').blockersSeen).toBe(false);
    expect(plan('mariadb', '10.11.6').blockersSeen).toBe(true);
  });

  it("sees what a replica's appliers hold, under the names of every version", () => {
    const { lockHoldersQuery } = plan('mysql', '8.0.36');
    for (const thread of ['slave_sql', 'slave_worker', 'replica_sql', 'replica_worker'])
      expect(lockHoldersQuery).toContain(`'thread/sql/${thread}'`);
  });

  it.each([0, 1, 2] as const)('flushes and proves the redo log whatever the setting is: %i', (flushLogAtTrxCommit) => {
    for (const [flavour, version] of [
      ['mariadb', '10.11.6'],
      ['mysql', '5.7.44'],
      ['mysql', '9.7.4'],
    ] as const) {
      const { redo } = plan(flavour, version, { flushLogAtTrxCommit, flushedLsnReported: true });
      expect(redo).toMatchObject({ flush: 'FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS' });
    }
  });

  it('takes the target of the redo log from where it is live', () => {
    expect(plan('mysql', '8.0.36').redo.target).toBe('coordinates');
    expect(plan('mysql', '5.7.44').redo.target).toMatchObject({ as: 'innodb-status' });
    expect(plan('mariadb', '10.11.6', { flushedLsnReported: true }).redo.target).toMatchObject({ as: 'lsn-row' });
    expect(plan('mariadb', '10.3.39', { flushedLsnReported: false }).redo.target).toMatchObject({
      as: 'innodb-status',
    });
  });
});

describe('how a replica is asked', () => {
  const replica = (parallelWorkers: number) => ({
    channels: [{ name: '', autoPosition: true, applying: true }],
    parallelWorkers,
    openTemporaryTables: 0,
    relayLogRecovery: false,
    positionsInTable: true,
    lockConflictTables: [],
  });
  const asked = (flavour: Parameters<typeof plan>[0], version: string, more: Partial<ServerFacts> = {}) =>
    plan(flavour, version, { binlogEnabled: true, replica: replica(0), ...more }).replica;

  it.each([
    ['mysql', '5.7.44', 'SHOW SLAVE STATUS'],
    ['mysql', '8.0.21', 'SHOW SLAVE STATUS'],
    ['mysql', '8.0.22', 'SHOW REPLICA STATUS'],
    ['mysql', '9.7.4', 'SHOW REPLICA STATUS'],
    ['mariadb', '10.4.34', 'SHOW ALL SLAVES STATUS'],
    ['mariadb', '11.8.2', 'SHOW ALL SLAVES STATUS'],
  ] as const)('%s %s: %s', (flavour, version, sql) => {
    expect(asked(flavour, version)?.status.sql).toBe(sql);
  });

  it('not where it is none', () => {
    expect(plan('mysql', '8.4.3')).not.toHaveProperty('replica');
    expect(plan('mariadb', '10.11.6')).not.toHaveProperty('replica');
  });

  it('takes its places for low-water marks where there are workers, be it one', () => {
    expect(asked('mysql', '8.4.3')?.parallel).toBe(false);
    expect(asked('mysql', '8.4.3', { replica: replica(1) })?.parallel).toBe(true);
  });

  it('by GTID: MariaDB keeps what it executed apart, MySQL shows it with the coordinates, unless it has no binary log', () => {
    expect(asked('mariadb', '10.11.6')?.gtid).toBe('SELECT @@GLOBAL.gtid_slave_pos AS gtid');
    expect(plan('mariadb', '10.11.6').gtid).toBe('SELECT @@GLOBAL.gtid_binlog_pos AS gtid');
    expect(asked('mysql', '8.4.3', { gtidMode: 'on' })).not.toHaveProperty('gtid');
    expect(plan('mysql', '8.4.3')).not.toHaveProperty('gtid');
    const unlogged = { binlogEnabled: false, gtidMode: 'on' } as const;
    expect(asked('mysql', '8.4.3', unlogged)?.gtid).toBe('SELECT @@GLOBAL.gtid_executed AS gtid');
    expect(asked('mysql', '8.4.3', { ...unlogged, gtidMode: 'off' })).not.toHaveProperty('gtid');
  });
});
