import { describe, expect, it } from 'vitest';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import { proveLockHeld } from '../../../../src/agent/window/prove-lock-held.ts';
import { scriptedSession } from '../../../support/scripted-session.ts';

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
    expect(await proveLockHeld(scriptedSession(script), lock)).toMatchObject({ held });
  });
});
