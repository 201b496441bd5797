import { describe, expect, it } from 'vitest';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import type { Clock } from '../../../../src/agent/ports.ts';
import {
  proveCoordinatesUnmoved,
  proveLockHeld,
  proveRedoDurable,
  readCoordinates,
} from '../../../../src/agent/window/proofs.ts';
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
    expect(proof).toMatchObject({ held: true, detail: expect.stringContaining('rotated') });
  });

  it('holds where the events say that the binary log was only rotated', async () => {
    const proof = await prove({
      [STATUS]: at('binlog.000008', '385'),
      [GTID]: gtid('0-1-99'),
      [OLD_TAIL]: events('Rotate'),
      [NEW_HEAD]: events('Format_desc', 'Gtid_list', 'Binlog_checkpoint'),
    });
    expect(proof).toMatchObject({ held: true, detail: expect.stringContaining('rotated') });
  });

  it.each([
    ['the position moved', { [STATUS]: at('binlog.000007', '4900'), [GTID]: gtid('0-1-99') }],
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

describe('the proof that the lock is still held', () => {
  const ID = 'SELECT CONNECTION_ID() AS id';
  const stage = { stillHeld: { by: 'refusal', sql: 'AGAIN', errno: 4147 } } as LockPlan;
  const listed = { stillHeld: { by: 'row', sql: 'LISTED' } } as LockPlan;

  it.each([
    ['the server refuses the stage as taken already', stage, { [ID]: [{ id: '42' }], AGAIN: 4147 }, true],
    ['the server does not know of the stage', stage, { [ID]: [{ id: '42' }], AGAIN: 4146 }, false],
    ['the server grants the stage once more', stage, { [ID]: [{ id: '42' }], AGAIN: [] }, false],
    ['the server lists the lock', listed, { [ID]: [{ id: '42' }], LISTED: [{ '1': '1' }] }, true],
    ['the server lists no lock', listed, { [ID]: [{ id: '42' }], LISTED: [] }, false],
    ['it is another connection', listed, { [ID]: [{ id: '43' }], LISTED: [{ '1': '1' }] }, false],
  ] as const)('%s', async (_what, lock, script, held) => {
    expect(await proveLockHeld(scriptedSession(script), lock, 42)).toMatchObject({ held });
  });
});

describe('the proof that the redo log is durable', () => {
  const redo = { by: 'lsn', before: [], status: 'LSN', current: 'current', flushed: 'flushed' } as const;
  const lsn = (current: string, flushed: string) => [
    { Variable_name: 'current', Value: current },
    { Variable_name: 'flushed', Value: flushed },
  ];
  /** Every look at the clock takes a second. */
  const clock = (): Clock => {
    let now = 0;
    return { now: () => new Date(), elapsed: () => (now += 1_000), sleep: async () => {} };
  };

  it('waits until what was current under the lock is flushed, beyond what 53 bits hold', async () => {
    const session = scriptedSession({
      LSN: {
        inTurn: [
          lsn('9007199254740995', '1'),
          lsn('9007199254740997', '9007199254740994'),
          lsn('0', '9007199254740995'),
        ],
      },
    });
    await proveRedoDurable(session, redo, clock(), 60_000);
    expect(session.said).toEqual(['LSN', 'LSN', 'LSN']);
  });

  it('gives up at its deadline', async () => {
    const session = scriptedSession({ LSN: lsn('100', '99') });
    await expect(proveRedoDurable(session, redo, clock(), 3_000)).rejects.toMatchObject({ code: 'redo-not-durable' });
  });

  it('refuses a server that does not report it', async () => {
    await expect(proveRedoDurable(scriptedSession({ LSN: [] }), redo, clock(), 3_000)).rejects.toMatchObject({
      code: 'redo-not-durable',
    });
  });
});
