import { describe, expect, it } from 'vitest';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import type { Row } from '../../../../src/agent/ports.ts';
import { passGate } from '../../../../src/agent/window/gate.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { type Answer, scriptedSession } from '../../../support/scripted-session.ts';

const PLAN = { longStatementsQuery: 'STATEMENTS', killStatement: 'KILL QUERY' } as LockPlan;

const running = (seconds: number, more: Partial<Row> = {}): Row => ({
  id: '12',
  user: 'app',
  seconds: String(seconds),
  statement: 'SELECT a FROM t',
  killId: '12',
  ...more,
});

/** Passes the gate at a threshold of 3 s; what the server lists at each look, the last for good. */
async function gate(looks: readonly (readonly Row[])[], killAfter?: number, kill: Record<string, Answer> = {}) {
  const session = scriptedSession({ STATEMENTS: { inTurn: looks }, ...kill });
  const events: string[] = [];
  const clock = fakeClock();
  const request = { longQueryThresholdSeconds: 3, killLongQueriesAfterSeconds: killAfter };
  const cancellation = new AbortController();
  const passing = passGate(session, PLAN, request, {
    clock,
    killed: (message) => events.push(message),
    signal: cancellation.signal,
  });
  const error = await passing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, said: session.said, events, waitedMs: clock.elapsed() };
}

describe('the gate', () => {
  it('is open where nothing has run for the threshold', async () => {
    expect(await gate([[]])).toMatchObject({ error: undefined });
    expect(await gate([[running(2)]])).toMatchObject({ error: undefined, waitedMs: 0 });
  });

  it('refuses at once, and names what blocks by id, user, time and first words', async () => {
    const { error, said, waitedMs } = await gate([[running(3)]]);
    expect(error).toMatchObject({
      code: 'long-statement',
      message: 'statement 12 of app (SELECT a FROM t …) has run for 3 s: the lock would wait for it',
    });
    expect({ said, waitedMs }).toEqual({ said: ['STATEMENTS'], waitedMs: 0 });
  });

  it.each([
    ["UPDATE shop.orders SET card = 'geheim'", 'UPDATE shop.orders SET card'],
    ["/* user=geheim */ SELECT 'geheim'", 'SELECT'],
    ['/* cut off in the middle: geheim', ''],
    ['(SELECT `a`.b', 'SELECT'],
    ["SELECT 'geheim'", 'SELECT'],
    ['4711', ''],
  ])('tells no values: %s', async (statement, words) => {
    const { error } = await gate([[running(3, { statement })]]);
    expect((error as Error).message).toContain(`(${words} …)`);
    expect((error as Error).message).not.toContain('geheim');
  });
});

describe('the gate that may kill', () => {
  it('waits for what ends by itself', async () => {
    const { error, said, events } = await gate([[running(3)], [running(4)], []], 5);
    expect({ error, said, events }).toEqual({ error: undefined, said: Array(3).fill('STATEMENTS'), events: [] });
  });

  it('kills once what has run for that long, says so, and waits until it is gone', async () => {
    const { error, said, events } = await gate(
      [[running(60), running(4, { id: '13', killId: '13' })], [running(61)], []],
      60,
      { 'KILL QUERY 12': [] },
    );
    expect(error).toBeUndefined();
    expect(said).toEqual(['STATEMENTS', 'KILL QUERY 12', 'STATEMENTS', 'STATEMENTS']);
    expect(events).toEqual(['statement 12 of app (SELECT a FROM t …) was killed after 60 s']);
  });

  it('gives up on what stays although it was killed', async () => {
    const { error, said, waitedMs } = await gate([[running(60)]], 60, { 'KILL QUERY 12': [] });
    expect(error).toMatchObject({ code: 'long-statement', message: expect.stringContaining('60 s and was killed') });
    expect(said.filter((sql) => sql.startsWith('KILL'))).toHaveLength(1);
    expect(waitedMs).toBe(70_000);
  });

  it.each([[null], ['12; DROP TABLE t'], ['']])('kills nothing whose number is %j', async (killId) => {
    const { error, said } = await gate([[running(60, { killId })]], 5);
    expect(error).toMatchObject({ code: 'long-statement' });
    expect(new Set(said)).toEqual(new Set(['STATEMENTS']));
  });

  it.each([1094, 1957])('takes error %i for what it is: gone', async (errno) => {
    expect(await gate([[running(60)], []], 5, { 'KILL QUERY 12': errno })).toMatchObject({
      error: undefined,
      events: [],
    });
  });

  it('refuses where the server does not let it', async () => {
    expect((await gate([[running(60)]], 5, { 'KILL QUERY 12': 1095 })).error).toMatchObject({ code: 'server-denied' });
  });
});
