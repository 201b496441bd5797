import { describe, expect, it } from 'vitest';
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
