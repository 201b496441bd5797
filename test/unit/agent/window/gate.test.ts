import { describe, expect, it } from 'vitest';
import type { LockPlan } from '../../../../src/agent/plan/lock-plan.ts';
import type { Row } from '../../../../src/agent/ports.ts';
import { passGate } from '../../../../src/agent/window/gate.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { type Answer, scriptedSession } from '../../../support/scripted-session.ts';

const PLAN = { longStatementsQuery: 'STATEMENTS', killStatement: 'KILL QUERY' } as LockPlan;

const UPTIME = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime')";

const running = (seconds: number, more: Partial<Row> = {}): Row => ({
  id: '12',
  user: 'app',
  seconds: String(seconds),
  measured: '1',
  statement: 'SELECT a FROM t',
  statementId: '7:1',
  killId: '12',
  ...more,
});

/** Passes the gate at a threshold of 3 s; what the server lists at each look, the last for good. */
async function gate(looks: readonly (readonly Row[])[], killAfter?: number, kill: Record<string, Answer> = {}) {
  const session = scriptedSession({ STATEMENTS: { inTurn: looks }, [UPTIME]: [{ Value: '86400' }], ...kill });
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
      [[running(60), running(4, { id: '13', killId: '13', statementId: '8:1' })], [running(60)], [running(61)], []],
      60,
      { 'KILL QUERY 12': [] },
    );
    expect(error).toBeUndefined();
    expect(said).toEqual(['STATEMENTS', 'STATEMENTS', 'KILL QUERY 12', 'STATEMENTS', 'STATEMENTS']);
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
    expect(await gate([[running(60)], [running(60)], []], 5, { 'KILL QUERY 12': errno })).toMatchObject({
      error: undefined,
      events: [],
    });
  });

  it('refuses where the server does not let it', async () => {
    expect((await gate([[running(60)]], 5, { 'KILL QUERY 12': 1095 })).error).toMatchObject({ code: 'server-denied' });
  });
});

describe('an age that a client can set', () => {
  /** As MySQL lists it where the performance schema has not timed it. */
  const listed = (seconds: string | null, more: Partial<Row> = {}) =>
    running(0, { seconds, measured: '0', statementId: null, ...more });
  const looked = (said: readonly string[]) => said.filter((sql) => sql === 'STATEMENTS').length;

  it.each([
    ['a timestamp of the past', '1795849499'],
    ['a timestamp of the future', '-86398'],
    ['none at all', null],
  ])('cannot be and kills nobody: %s', async (_what, seconds) => {
    const { error, said } = await gate([[listed(seconds)], []], 60);
    expect(error).toBeUndefined();
    expect(said.filter((sql) => sql.startsWith('KILL'))).toEqual([]);
  });

  it('is looked for by watching: who is there for the threshold is refused', async () => {
    const { error, waitedMs } = await gate([[listed('-86398')]]);
    expect(error).toMatchObject({ code: 'long-statement', message: expect.stringContaining('has run for 3 s') });
    expect(waitedMs).toBe(3_000);
  });

  it('is no age of who comes later, or says something else', async () => {
    const other = listed('-86398', { statement: 'SELECT b FROM t' });
    const { error, said, waitedMs } = await gate([[listed('-86398')], [other], [listed('-86398')], [other]]);
    expect({ error, looks: looked(said), waitedMs }).toEqual({ error: undefined, looks: 2, waitedMs: 500 });
  });

  it('refuses where it can be, but kills only after it was watched for as long', async () => {
    expect((await gate([[listed('3600')]])).error).toMatchObject({ code: 'long-statement' });
    const { events, waitedMs } = await gate([...Array(12).fill([listed('3600')]), []], 5, { 'KILL QUERY 12': [] });
    expect(events).toEqual(['statement 12 of app (SELECT a FROM t …) was killed after 5 s']);
    expect(waitedMs).toBeGreaterThanOrEqual(5_000);
  });

  it('is believed of nobody where the server does not tell how long it is up', async () => {
    const { error } = await gate([[listed('60')], []], undefined, { [UPTIME]: [] });
    expect(error).toBeUndefined();
  });
});

describe('right before the kill it is looked once more', () => {
  it.each([
    ['the connection is at its next statement', { statementId: '7:2' }],
    ['it is at its next, which the server does not number', { statementId: null, measured: '0', statement: 'DO 1' }],
    ['the statement is not to be killed any more', { killId: null }],
  ])('%s: nobody is killed', async (_what, more) => {
    const { error, said, events } = await gate([[running(60)], [running(60, more)], []], 5);
    expect({ error, events }).toEqual({ error: undefined, events: [] });
    expect(said.filter((sql) => sql.startsWith('KILL'))).toEqual([]);
  });
});
