import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerVersion } from '../../../../src/agent/discovery/facts.ts';
import {
  channelsOf,
  readReplica,
  replicaStatus,
  replicaStatusPrivileges,
} from '../../../../src/agent/discovery/replica.ts';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import type { Row, ServerQuestion } from '../../../../src/agent/ports.ts';
import { readCoordinates } from '../../../../src/agent/window/coordinates.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const version = (flavour: ServerVersion['flavour'], numbers: string): ServerVersion => {
  const [major = 0, minor = 0, patch = 0] = numbers.split('.').map(Number);
  return { flavour, major, minor, patch };
};
const NEW = replicaStatus(version('mysql', '8.4.3'));
const MARIADB = replicaStatus(version('mariadb', '10.11.6'));

/** A channel of MySQL 8.4; what was read stands beside what was executed. */
const row = (more: Record<string, string | null> = {}): Row => ({
  Channel_Name: '',
  Source_Host: 'db-source',
  Source_Port: '3306',
  Source_Log_File: 'binlog.000009',
  Read_Source_Log_Pos: '9999',
  Relay_Source_Log_File: 'binlog.000007',
  Exec_Source_Log_Pos: '4711',
  Auto_Position: '1',
  Replica_SQL_Running: 'Yes',
  ...more,
});

describe('the question for the channels', () => {
  it.each([
    ['mysql', '5.7.44', 'SHOW SLAVE STATUS', 'Exec_Master_Log_Pos'],
    ['mysql', '8.0.21', 'SHOW SLAVE STATUS', 'Exec_Master_Log_Pos'],
    ['mysql', '8.0.22', 'SHOW REPLICA STATUS', 'Exec_Source_Log_Pos'],
    ['percona', '8.0.36', 'SHOW REPLICA STATUS', 'Exec_Source_Log_Pos'],
    ['mysql', '9.7.4', 'SHOW REPLICA STATUS', 'Exec_Source_Log_Pos'],
    ['mariadb', '10.4.34', 'SHOW ALL SLAVES STATUS', 'Exec_Master_Log_Pos'],
    ['mariadb', '11.8.2', 'SHOW ALL SLAVES STATUS', 'Exec_Master_Log_Pos'],
  ] as const)('%s %s: %s', (flavour, numbers, sql, position) => {
    const status = replicaStatus(version(flavour, numbers));
    expect(status).toMatchObject({ sql, columns: { position } });
    expect(Object.values(status.columns).filter((column) => column.startsWith('Read_'))).toEqual([]);
  });

  it.each([
    ['mysql', '5.7.44', ['REPLICATION CLIENT', 'SUPER']],
    ['mysql', '9.7.4', ['REPLICATION CLIENT', 'SUPER']],
    ['mariadb', '10.4.34', ['REPLICATION CLIENT', 'SUPER']],
    ['mariadb', '10.5.2', ['REPLICATION SLAVE ADMIN', 'SLAVE MONITOR', 'SUPER']],
    ['mariadb', '10.5.9', ['SLAVE MONITOR', 'SUPER']],
    ['mariadb', '11.0.1', ['SLAVE MONITOR']],
  ] as const)('of %s %s takes one of %j', (flavour, numbers, privileges) => {
    expect(replicaStatusPrivileges(version(flavour, numbers))).toEqual(privileges);
  });
});

describe('the channels', () => {
  it('are where they have executed, not where they have read', () => {
    expect(channelsOf([row()], NEW, { parallel: false, stopped: [] })).toEqual([
      {
        name: '',
        source: { host: 'db-source', port: 3306 },
        binlog: { file: 'binlog.000007', position: 4711 },
        exact: true,
        autoPosition: true,
      },
    ]);
  });

  it.each([
    ['no file', { Relay_Source_Log_File: '', Exec_Source_Log_Pos: '0' }],
    ['null', { Relay_Source_Log_File: null, Exec_Source_Log_Pos: null }],
    ['position 0', { Exec_Source_Log_Pos: '0' }],
    ['a place to begin at', { Relay_Source_Log_File: '' }],
  ])('have no place before anything was executed: %s', (_what, more) => {
    expect(channelsOf([row(more)], NEW, { parallel: false, stopped: [] })[0]).not.toHaveProperty('binlog');
  });

  it('are low-water marks where several workers apply', () => {
    expect(channelsOf([row()], NEW, { parallel: true, stopped: [] })).toMatchObject([{ exact: false }]);
  });

  it.each([
    [NEW, 'Auto_Position', '1', true],
    [NEW, 'Auto_Position', '0', false],
    [MARIADB, 'Using_Gtid', 'No', false],
    [MARIADB, 'Using_Gtid', 'Slave_Pos', true],
    [MARIADB, 'Using_Gtid', 'Current_Pos', true],
  ] as const)('of %j use GTID where %s is %s: %s', (status, column, value, autoPosition) => {
    expect(channelsOf([{ [column]: value }], status, { parallel: false, stopped: [] })).toMatchObject([
      { autoPosition },
    ]);
  });

  it('leave out those of a replication group, and no others', () => {
    const names = ['group_replication_applier', 'group_replication_recovery', 'group_replication_mine', "o'dd\n`name"];
    const rows = names.map((Channel_Name) => row({ Channel_Name }));
    expect(channelsOf(rows, NEW, { parallel: false, stopped: [] }).map(({ name }) => name)).toEqual(names.slice(2));
  });
});

describe('a server as a replica', () => {
  const read = (rows: readonly Row[], variables: Record<string, string> = {}, privileges = ['REPLICATION CLIENT']) => {
    const asked: ServerQuestion[] = [];
    const server = {
      ask: async (question: ServerQuestion) => {
        asked.push(question);
        return rows;
      },
    };
    const facts = readReplica(
      server,
      version('mysql', '8.4.3'),
      privileges,
      new Map(Object.entries(variables)),
      new Map(),
    );
    return { facts, asked };
  };

  it('is none without channels, and is not asked without the privilege', async () => {
    expect(await read([]).facts).toBeUndefined();
    const denied = read([row()], {}, ['PROCESS']);
    expect(await denied.facts).toBeUndefined();
    expect(denied.asked).toEqual([]);
  });

  it('counts its workers by whichever name it has, and keeps its place in a table where nothing else is said', async () => {
    expect(await read([row()]).facts).toMatchObject({ parallelWorkers: 0, positionsInTable: true });
    const older = { slave_parallel_workers: '2', relay_log_info_repository: 'FILE', relay_log_recovery: 'ON' };
    expect(await read([row()], older).facts).toMatchObject({
      parallelWorkers: 2,
      positionsInTable: false,
      relayLogRecovery: true,
    });
    expect(await read([row()], { ...older, replica_parallel_workers: '4' }).facts).toMatchObject({
      parallelWorkers: 4,
    });
  });

  it('is asked for tables that are not transactional only where the lock could stop it on one of them', async () => {
    const ordered = { replica_parallel_workers: '4', replica_preserve_commit_order: 'ON' };
    const seen = async (
      variables: Record<string, string>,
      more: Record<string, string | null> = {},
      privileges = ['REPLICATION CLIENT', 'SELECT'],
    ) => {
      const { facts, asked } = read([row(more)], variables, privileges);
      return [(await facts)?.lockConflictTables, asked.length];
    };
    expect(await seen({ ...ordered, replica_parallel_workers: '1' })).toEqual([[], 1]);
    expect(await seen({ ...ordered, replica_preserve_commit_order: 'OFF' })).toEqual([[], 1]);
    expect(await seen(ordered, { Replica_SQL_Running: 'No' })).toEqual([[], 1]);
    expect(await seen(ordered, {}, ['REPLICATION CLIENT'])).toEqual(['unseen', 1]);
    const table = { schema: 'app', name: 'log', engine: 'MyISAM' };
    expect(await seen(ordered, table)).toEqual([[{ table: '`app`.`log`', engine: 'MYISAM' }], 2]);
  });

  it('without the columns that its version documents is not understood', async () => {
    for (const column of ['Channel_Name', 'Auto_Position', 'Replica_SQL_Running']) {
      const { [column]: _gone, ...rest } = row();
      await expect(read([rest]).facts).rejects.toMatchObject({
        code: 'server-unsupported',
        message: expect.stringContaining(column),
      });
    }
  });

  it('leaves in a capture nothing that is not read', async () => {
    const { facts, asked } = read([row({ Source_User: 'repl', Last_SQL_Error: 'secret' })]);
    await facts;
    const kept = asked[0]?.forCapture?.([row({ Source_User: 'repl', Last_SQL_Error: 'secret' })]);
    expect(kept).toEqual([expect.not.objectContaining({ Source_User: 'repl' })]);
    expect(JSON.stringify(kept)).not.toMatch(/secret|9999/);
  });
});

describe('what a replica says under the lock', () => {
  const plan = (status = NEW) =>
    ({
      coordinates: 'OWN',
      everyCommitHasGtid: false,
      replica: { status, parallel: false, stopped: [] },
    }) as unknown as LockPlan;
  const say = (rows: readonly Row[], status = NEW) =>
    readCoordinates(scriptedSession({ OWN: [], [status.sql]: rows }), plan(status));

  it.each([
    ['a position that is none', { Exec_Source_Log_Pos: 'abc' }],
    ['a position in another notation', { Exec_Source_Log_Pos: '1e3' }],
    ['a position within the header', { Exec_Source_Log_Pos: '3' }],
    ['a file that is none', { Relay_Source_Log_File: "binlog.000007', MASTER_LOG_POS=4" }],
    ['a port that is none', { Source_Port: 'x' }],
    ['a name without end', { Channel_Name: 'x'.repeat(256) }],
  ])('is refused as a whole: %s', async (_what, more) => {
    await expect(say([row(more)])).rejects.toMatchObject({ code: 'coordinates-unreadable' });
  });

  it.each(Object.values(NEW.columns).filter((column) => column !== NEW.columns.applying))(
    'is refused without the column %s: its absence is no beginning',
    async (column) => {
      const { [column]: _gone, ...rest } = row();
      await expect(say([rest])).rejects.toMatchObject({ code: 'coordinates-unreadable' });
    },
  );

  it('of any text is refused by name, or is told as it was said', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '0', '4', '4711', 'binlog.000007', '-1', '1e5', 'No', 'Slave_Pos', '99999999999999999999'),
    );
    const cell = fc.option(text, { nil: null });
    const rows = (columns: readonly string[]) =>
      fc.array(fc.record(Object.fromEntries(columns.map((column) => [column, cell])), { requiredKeys: [] }), {
        maxLength: 3,
      });
    for (const status of [NEW, MARIADB]) {
      await fc.assert(
        fc.asyncProperty(rows(Object.values(status.columns)), async (said) => {
          try {
            const { replica } = await say(said as Row[], status);
            for (const { name, binlog } of replica?.channels ?? []) {
              if (binlog === undefined) continue;
              const from = said.filter((one) => (one[status.columns.channel] ?? '') === name);
              expect(
                from.some(
                  (one) =>
                    one[status.columns.file] === binlog.file &&
                    Number(one[status.columns.position]) === binlog.position,
                ),
              ).toBe(true);
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'coordinates-unreadable' });
          }
        }),
      );
    }
  });
});
