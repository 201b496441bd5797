import { describe, expect, it } from 'vitest';
import { refuseOtherBackup } from '../../../../src/agent/window/other-backup.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { type Answer, scriptedSession } from '../../../support/scripted-session.ts';

const BOUND = { idle: 'IDLE', statement: () => 'RUN', lift: ['LIFT'] };
const PROBE = { begin: 'BEGIN STAGE', end: 'END STAGE' };

async function look(script: Record<string, Answer>) {
  const session = scriptedSession({ IDLE: [], LIFT: [], ...script });
  const clock = fakeClock();
  const otherBackup = { witnesses: ['WAITING', 'HOLDING'], ...('BEGIN STAGE' in script && { probe: PROBE }) };
  const error = await refuseOtherBackup(session, { otherBackup, bound: BOUND }, 3, clock).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, said: session.said, waitedMs: clock.elapsed() };
}

describe('another backup of the server', () => {
  it('is not there: what the probe took is given back', async () => {
    expect(await look({ WAITING: [], HOLDING: [], 'BEGIN STAGE': [], 'END STAGE': [] })).toEqual({
      error: undefined,
      said: ['WAITING', 'HOLDING', 'IDLE', 'BEGIN STAGE', 'END STAGE', 'LIFT'],
      waitedMs: 0,
    });
  });

  it('is told by who waits for it or holds a lock, by name', async () => {
    const row = { id: '7', user: 'dump', state: 'Waiting for commit lock' };
    expect((await look({ WAITING: [row] })).error).toMatchObject({
      code: 'other-backup',
      message: expect.stringContaining('connection 7 of dump is waiting for commit lock'),
    });
    expect((await look({ WAITING: [], HOLDING: [row] })).error).toMatchObject({ code: 'other-backup' });
  });

  it('is told by the stage that is refused, of which nothing has to be given back', async () => {
    const { error, said, waitedMs } = await look({ WAITING: [], HOLDING: [], 'BEGIN STAGE': 1205 });
    expect(error).toMatchObject({ code: 'other-backup' });
    expect(said).not.toContain('END STAGE');
    expect(waitedMs).toBe(3_000);
  });

  it('is not what passes while the lock might have waited, as DDL does', async () => {
    const { error, waitedMs } = await look({
      WAITING: [],
      HOLDING: [],
      'BEGIN STAGE': { inTurn: [1205, 1205, []] },
      'END STAGE': [],
    });
    expect(error).toBeUndefined();
    expect(waitedMs).toBe(500);
  });

  it('is not what the server denies for another reason', async () => {
    expect((await look({ WAITING: [], HOLDING: [], 'BEGIN STAGE': 1227 })).error).toMatchObject({
      code: 'server-denied',
    });
  });
});
