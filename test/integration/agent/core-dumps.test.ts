import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AgentRun, expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

const CORE_PATTERN = '/proc/sys/kernel/core_pattern';

/** Whether a process that dies here leaves its core as a file in its working directory; else only the limit can tell. */
const coresAreFiles = !/^[|/]/.test(readFileSync(CORE_PATTERN, 'utf8'));

const coreLimit = (pid: number) =>
  /^Max core file size +(\S+) +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.slice(1);

describe('an agent that crashes', () => {
  let host: OneHost;
  let folder: string;
  beforeAll(async () => {
    host = await oneHost({ volumes: 'one' });
    folder = mkdtempSync(join(host.optionFile, '../cores-'));
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });

  it('would leave its core, in the working directory where cores are files', async () => {
    const run = host.startAfter(`cd ${folder}; ulimit -c unlimited`, 'snapshot', '--splay', '3600');
    await run.said('started');
    expect(coreLimit(run.pid)).toEqual(['unlimited', 'unlimited']);
    process.kill(run.pid, 'SIGABRT');
    await run.ended;
    if (coresAreFiles) expect(readdirSync(folder)).toHaveLength(1);
  });

  it.each(['SIGSEGV', 'SIGABRT'] as const)('in the window, by %s, leaves none', async (signal) => {
    expect(await crashDuring('CreateSnapshots', signal, 'snapshot')).toMatchObject({ status: null, stdout: '' });
    expect(readdirSync(folder)).toEqual([]);
    await vi.waitFor(() => expectHostWhole(host), 20_000);
  });

  it.each(['plan', 'capture'])('while it is to %s leaves none', async (verb) => {
    await crashDuring(
      'DescribeInstances',
      'SIGABRT',
      verb,
      ...(verb === 'capture' ? [join(folder, 'capture.json')] : []),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  /** Runs the agent until EC2 has its request in its hands, looks at its limit (core(5)), then lets it crash. */
  async function crashDuring(action: string, signal: NodeJS.Signals, ...argv: string[]): Promise<AgentRun> {
    using request = host.holdCalls(action);
    const run = host.startAfter(`cd ${folder}; ulimit -c unlimited`, ...argv);
    await request.arrived();
    expect(coreLimit(run.pid)).toEqual(['1', '1']);
    process.kill(run.pid, signal);
    return run.ended;
  }
});
