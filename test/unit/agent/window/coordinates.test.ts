import { describe, expect, it } from 'vitest';
import { replicaStatus } from '../../../../src/agent/discovery/replica.ts';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import { proveCoordinatesUnmoved, readCoordinates } from '../../../../src/agent/window/coordinates.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

const STATUS = 'SHOW BINLOG STATUS';
const GTID = 'SELECT gtid';
const plan = { coordinates: STATUS, gtid: GTID, everyCommitHasGtid: false } as LockPlan;
const at = (File: string, Position: string) => [{ File, Position }];
const gtid = (value: string) => [{ gtid: value }];
const events = (...types: string[]) => types.map((Event_type) => ({ Event_type }));

describe('coordinates', () => {
  it('are what the server says', async () => {
    const session = scriptedSession({ [STATUS]: at('binlog.000007', '4711'), [GTID]: gtid('0-1-99') });
    expect(await readCoordinates(session, plan)).toEqual({
      binlog: { file: 'binlog.000007', position: 4711 },
      gtid: '0-1-99',
    });
  });

  it('are none where the binary log is off', async () => {
    expect(await readCoordinates(scriptedSession({ [STATUS]: [] }), plan)).toEqual({});
  });

  it('of MySQL hold the executed GTID set without the line breaks it is shown with', async () => {
    const set = 'a:1-3,\nb:1-5';
    const session = scriptedSession({ [STATUS]: [{ File: 'b.000001', Position: '4', Executed_Gtid_Set: set }] });
    const { gtid: _with, ...mysql } = plan;
    expect(await readCoordinates(session, mysql)).toMatchObject({ gtid: 'a:1-3,b:1-5' });
  });
});

describe('the proof that the coordinates have not moved', () => {
  const recorded = { binlog: { file: 'binlog.000007', position: 4711 }, gtid: '0-1-99' };
  const prove = (script: Parameters<typeof scriptedSession>[0]) =>
    proveCoordinatesUnmoved(scriptedSession(script), plan, recorded);
  const OLD_TAIL = "SHOW BINLOG EVENTS IN 'binlog.000007' FROM 4711 LIMIT 100";
  const NEW_HEAD = "SHOW BINLOG EVENTS IN 'binlog.000008' LIMIT 100";

  it('holds where they are the same', async () => {
    expect(await prove({ [STATUS]: at('binlog.000007', '4711'), [GTID]: gtid('0-1-99') })).toMatchObject({
      held: true,
    });
  });

  it('holds where the binary log was rotated and every commit would have moved the GTID position', async () => {
    const session = scriptedSession({ [STATUS]: at('binlog.000008', '385'), [GTID]: gtid('0-1-99') });
    const proof = await proveCoordinatesUnmoved(session, { ...plan, everyCommitHasGtid: true }, recorded);
    expect(proof).toMatchObject({ held: true, detail: expect.stringContaining('nothing committed') });
  });

  it('holds where a checkpoint was noted after a rotation, in the same file', async () => {
    const noted = { [STATUS]: at('binlog.000007', '4754'), [GTID]: gtid('0-1-99') };
    expect(await prove({ ...noted, [OLD_TAIL]: events('Binlog_checkpoint') })).toMatchObject({ held: true });
    const session = scriptedSession(noted);
    const proof = await proveCoordinatesUnmoved(session, { ...plan, everyCommitHasGtid: true }, recorded);
    expect(proof).toMatchObject({ held: true });
  });

  it('holds where the events say that the binary log was only rotated', async () => {
    const proof = await prove({
      [STATUS]: at('binlog.000008', '385'),
      [GTID]: gtid('0-1-99'),
      [OLD_TAIL]: events('Rotate'),
      [NEW_HEAD]: events('Format_desc', 'Gtid_list', 'Binlog_checkpoint'),
    });
    expect(proof).toMatchObject({ held: true, detail: expect.stringContaining('nothing committed') });
  });

  it.each([
    [
      'the position moved by a statement',
      { [STATUS]: at('binlog.000007', '4900'), [GTID]: gtid('0-1-99'), [OLD_TAIL]: events('Query') },
    ],
    ['the position went back', { [STATUS]: at('binlog.000007', '400'), [GTID]: gtid('0-1-99') }],
    ['a transaction came', { [STATUS]: at('binlog.000007', '4900'), [GTID]: gtid('0-1-100') }],
    ['the binary log was switched off', { [STATUS]: [] }],
    ['the server does not answer', { [STATUS]: 1105 }],
    [
      'a statement slipped into the rotation',
      {
        [STATUS]: at('binlog.000008', '500'),
        [GTID]: gtid('0-1-99'),
        [OLD_TAIL]: events('Query', 'Rotate'),
        [NEW_HEAD]: events('Format_desc'),
      },
    ],
    [
      'the binary log was reset to an earlier file',
      {
        [STATUS]: at('binlog.000001', '330'),
        [GTID]: gtid('0-1-99'),
      },
    ],
  ] as const)('fails where %s', async (_what, script) => {
    expect(await prove(script)).toMatchObject({ held: false });
  });
});

describe('on a replica', () => {
  const status = replicaStatus({ flavour: 'mariadb', major: 10, minor: 11, patch: 6 });
  const SLAVE_GTID = 'SELECT slave gtid';
  const onReplica = (parallel: boolean, more: Partial<LockPlan> = {}): LockPlan => ({
    ...plan,
    replica: { status, parallel, stopped: [], gtid: SLAVE_GTID },
    ...more,
  });
  const channel = (position: string, more: Record<string, string> = {}) => ({
    Connection_name: '',
    Master_Host: 'db-source',
    Master_Port: '3306',
    Relay_Master_Log_File: 'mysql-bin.000017',
    Exec_Master_Log_Pos: position,
    Using_Gtid: 'No',
    ...more,
  });
  const own = { [STATUS]: at('binlog.000007', '4711'), [GTID]: gtid('0-1-99') };
  const script = (channels: Record<string, string>[], executed = '0-9-100') => ({
    ...own,
    [status.sql]: channels,
    [SLAVE_GTID]: gtid(executed),
  });
  const unmoved = async (
    parallel: boolean,
    before: Parameters<typeof script>,
    after: Parameters<typeof script>,
    more: Partial<LockPlan> = {},
  ) => {
    const recorded = await readCoordinates(scriptedSession(script(...before)), onReplica(parallel, more));
    return proveCoordinatesUnmoved(scriptedSession(script(...after)), onReplica(parallel, more), recorded);
  };

  it('the coordinates hold what it has executed, channel by channel, beside its own', async () => {
    const west = channel('815', { Connection_name: 'west', Master_Host: 'db-west', Using_Gtid: 'No' });
    const session = scriptedSession(script([channel('2024'), west]));
    expect(await readCoordinates(session, onReplica(true))).toEqual({
      binlog: { file: 'binlog.000007', position: 4711 },
      gtid: '0-1-99',
      replica: {
        gtid: '0-9-100',
        channels: [
          {
            name: '',
            source: { host: 'db-source', port: 3306 },
            binlog: { file: 'mysql-bin.000017', position: 2024 },
            exact: false,
            autoPosition: false,
          },
          {
            name: 'west',
            source: { host: 'db-west', port: 3306 },
            binlog: { file: 'mysql-bin.000017', position: 815 },
            exact: false,
            autoPosition: false,
          },
        ],
      },
    });
  });

  it('they are told where there is no binary log too, a GTID set without its line breaks', async () => {
    const session = scriptedSession({ ...script([channel('2024')], 'a:1-3,\nb:1-5'), [STATUS]: [] });
    expect(await readCoordinates(session, onReplica(false))).toMatchObject({
      replica: { gtid: 'a:1-3,b:1-5', channels: [{ binlog: { position: 2024 } }] },
    });
  });

  it('a replica that was told to forget its sources is told as such', async () => {
    expect((await readCoordinates(scriptedSession(script([])), onReplica(false))).replica?.channels).toEqual([]);
  });

  it('the proof holds where the source rotated its binary log, and the channel goes by GTID', async () => {
    const byGtid = { Using_Gtid: 'Slave_Pos' };
    const rotated = channel('385', { ...byGtid, Relay_Master_Log_File: 'mysql-bin.000018' });
    expect(await unmoved(false, [[channel('2024', byGtid)]], [[rotated]])).toMatchObject({ held: true });
    expect(await unmoved(false, [[channel('2024', byGtid)]], [[rotated], '0-9-101'])).toMatchObject({ held: false });
  });

  it('the proof holds where nothing moved, or a low-water mark alone', async () => {
    expect(await unmoved(false, [[channel('2024')]], [[channel('2024')]])).toMatchObject({ held: true });
    expect(await unmoved(true, [[channel('2024')]], [[channel('55336')]])).toMatchObject({ held: true });
  });

  it.each([
    ['an exact channel moved', false, [channel('2025')], '0-9-100'],
    [
      'an exact channel went to another file',
      false,
      [channel('2024', { Relay_Master_Log_File: 'mysql-bin.000018' })],
      '0-9-100',
    ],
    ['gtid_slave_pos moved', true, [channel('2024')], '0-9-101'],
    ['a channel came', true, [channel('2024'), channel('4', { Connection_name: 'new' })], '0-9-100'],
    ['a channel went', true, [], '0-9-100'],
    ['a channel was renamed', false, [channel('2024', { Connection_name: 'new' })], '0-9-100'],
  ])('the proof fails where %s', async (_what, parallel, channels, executed) => {
    // Its own coordinates stand still: a replica need not write what it executes into its binary log.
    const proof = await unmoved(parallel, [[channel('2024')]], [channels, executed], { everyCommitHasGtid: true });
    expect(proof).toMatchObject({ held: false, detail: 'the replica has executed more of its sources' });
  });

  it('the proof fails where it does not answer', async () => {
    const recorded = await readCoordinates(scriptedSession(script([channel('2024')])), onReplica(false));
    const silent = scriptedSession({ ...own, [status.sql]: 1227 });
    expect(await proveCoordinatesUnmoved(silent, onReplica(false), recorded)).toMatchObject({
      held: false,
      detail: expect.stringContaining(status.sql),
    });
  });
});
