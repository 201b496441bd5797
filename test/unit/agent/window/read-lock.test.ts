import { describe, expect, it } from 'vitest';
import { clock } from '../../../../src/agent/adapters/clock.ts';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import { takeReadLock } from '../../../../src/agent/window/read-lock.ts';
import { type Answer, scriptedSession } from '../../../support/scripted-session.ts';

const plan = {
  session: (seconds: number) => [`WAIT ${seconds}`],
  prepare: ['PREPARE'],
  blockCommits: 'BLOCK',
  release: ['RELEASE BLOCK', 'RELEASE PREPARE'],
  bound: { idle: 'IDLE', statement: (seconds: number) => `RUN ${seconds}`, lift: ['LIFT'] },
} as unknown as LockPlan;

const script = (change: Record<string, Answer> = {}) =>
  scriptedSession({
    'WAIT 3': [],
    IDLE: [],
    PREPARE: [],
    'RUN 3': [],
    BLOCK: [],
    'RELEASE BLOCK': [],
    'RELEASE PREPARE': [],
    LIFT: [],
    ...change,
  });

describe('the read lock', () => {
  it('is taken in order and given back in order', async () => {
    const session = script();
    const lock = await takeReadLock(session, plan, 3, clock);
    expect(lock.stallMs).toBeUndefined();
    await lock[Symbol.asyncDispose]();
    const bounded = ['WAIT 3', 'IDLE', 'RUN 3', 'PREPARE', 'BLOCK', 'RELEASE BLOCK', 'RELEASE PREPARE', 'LIFT'];
    expect(session.said).toEqual(bounded);
    expect(lock.stallMs).toBeGreaterThanOrEqual(0);
  });

  it('that is not granted in time is given back at once: what it holds already stops every commit', async () => {
    const session = script({ BLOCK: 1205 });
    await expect(takeReadLock(session, plan, 3, clock)).rejects.toMatchObject({
      code: 'lock-timeout',
      stallMs: expect.any(Number),
    });
    expect(session.said.slice(-3)).toEqual(['RELEASE BLOCK', 'RELEASE PREPARE', 'LIFT']);
  });

  it('whose bound cannot be lifted ends with its session, which would end while it waits for the next try', async () => {
    const session = script({ LIFT: 1064 });
    await (await takeReadLock(session, plan, 3, clock))[Symbol.asyncDispose]();
    expect(session.said.at(-1)).toBe('(closed)');
  });

  it('of which a statement ran into its bound was not granted in time, and is given back', async () => {
    const session = script({ PREPARE: 1969 });
    await expect(takeReadLock(session, plan, 3, clock)).rejects.toMatchObject({ code: 'lock-timeout', stallMs: 0 });
    expect(session.said).toEqual(['WAIT 3', 'IDLE', 'RUN 3', 'PREPARE', 'RELEASE BLOCK', 'RELEASE PREPARE', 'LIFT']);
  });

  it('that is refused names the statement', async () => {
    await expect(takeReadLock(script({ PREPARE: 1227 }), plan, 3, clock)).rejects.toMatchObject({
      code: 'lock-refused',
      message: expect.stringContaining('PREPARE'),
    });
  });

  it.each(['RELEASE BLOCK', 'RELEASE PREPARE'])(
    'that cannot be given back (%s) ends with its session',
    async (statement) => {
      const session = script({ [statement]: 1317 });
      await (await takeReadLock(session, plan, 3, clock))[Symbol.asyncDispose]();
      expect(session.said.at(-1)).toBe('(closed)');
    },
  );

  it('of which the server says that there is none is given back', async () => {
    const session = script({ 'RELEASE BLOCK': 4146 });
    await (await takeReadLock(session, plan, 3, clock))[Symbol.asyncDispose]();
    expect(session.said.slice(-2)).toEqual(['RELEASE BLOCK', 'LIFT']);
  });
});
