import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';
import { signalWasTaken } from '../../support/signal-taken.ts';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
});
afterAll(() => host?.[Symbol.asyncDispose]());
afterEach(() => expectHostWhole(host));

describe('a run that is told to end', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s while AWS does not answer: ends cancelled, waits for nobody',
    async (signal) => {
      using request = host.holdCalls('DescribeInstances');
      const run = host.start('snapshot');
      await request.arrived();
      process.kill(run.pid, signal);
      const { status, result } = await run.ended;
      expect(status).toBe(130);
      expect(result).toMatchObject({ outcome: 'failed', code: 'cancelled', message: `cancelled by ${signal}` });
    },
  );

  it('while everything is frozen: gives all back in order, and the set that was under way is whole', async () => {
    using request = host.holdCalls('CreateSnapshots');
    const run = host.start('snapshot');
    await request.arrived();
    process.kill(run.pid, 'SIGTERM');
    await signalWasTaken(run.pid);
    request[Symbol.dispose]();
    const { status, result } = await run.ended;
    expect(status).toBe(0);
    expect(result).toMatchObject({ outcome: 'done', grade: 'application' });
  });

  it('by nobody, although its reader has gone: the set is whole and the status says so', async () => {
    const argv = ['snapshot', '--run-id', 'unread'];
    const run = host.start(...argv, '--json');
    run.hangUp();
    const { status } = await run.ended;
    expect(status).toBe(0);
    expect(await host.gradesOf('unread/i-0123456789abcdef0')).toEqual(['application', 'application']);
  });
});
