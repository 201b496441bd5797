import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TAG } from '../../../src/shared/tags.ts';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
});
afterAll(() => host[Symbol.asyncDispose]());
afterEach(async () => {
  host.aws.behave({ latencyMs: {}, faults: [] });
  await expectHostWhole(host);
});

/** Waits until EC2 has been asked for something after this was called. */
async function asked(action: string, { dryRun }: { dryRun: boolean }): Promise<void> {
  const before = host.aws.calls.length;
  await vi.waitFor(
    () => {
      const calls = host.aws.calls.slice(before).filter((call) => call.action === action);
      expect(calls.filter(({ parameters }) => 'DryRun' in parameters === dryRun)).not.toEqual([]);
    },
    { timeout: 60_000, interval: 5 },
  );
}

describe('a run that is told to end', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s while AWS does not answer: ends cancelled, waits for nobody',
    async (signal) => {
      host.aws.behave({ latencyMs: { DescribeInstances: 600_000 } });
      const run = host.start('snapshot');
      await asked('DescribeInstances', { dryRun: false });
      process.kill(run.pid, signal);
      const { status, result } = await run.ended;
      expect(status).toBe(130);
      expect(result).toMatchObject({ outcome: 'failed', code: 'cancelled', message: `cancelled by ${signal}` });
    },
  );

  it('while everything is frozen: gives all back in order, and the set that was under way is whole', async () => {
    host.aws.behave({ latencyMs: { CreateSnapshots: 800 } });
    const run = host.start('snapshot');
    await asked('CreateSnapshots', { dryRun: false });
    process.kill(run.pid, 'SIGTERM');
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
    for (const { Tags } of await host.snapshotsOf('unread/i-0123456789abcdef0')) {
      expect(Tags).toContainEqual({ Key: TAG.grade, Value: 'application' });
    }
  });
});
