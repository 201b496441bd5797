import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';
import { mountXfs } from '../../support/xfs.ts';

const AGENT = join(import.meta.dirname, '../../../dist/agent.cjs');
const CAPTURE = join(import.meta.dirname, '../../fixtures/hosts/loop-devices/capture.json');
const folder = mkdtempSync(join(tmpdir(), 'command-line-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the agent where no server is needed, by a shell that prepares what the test is about. */
async function inShell(preparation: string, ...argv: string[]) {
  const child = spawn('sh', ['-c', `${preparation} exec "$@"`, 'sh', process.execPath, AGENT, ...argv], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  }
  const [status, signal] = await once(child, 'close');
  return { status, signal, ...said };
}

describe('a log that cannot be written to', () => {
  it('does not end a command that has begun; standard error says so once', async () => {
    const run = await inShell('', 'thaw', '--log-file', '/dev/full');
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('"outcome":"done"') });
    expect(run.stderr.match(/nothing more is logged to \/dev\/full: .*ENOSPC/g)).toHaveLength(1);
    expect(run.stderr).toContain('nothing of ours was left frozen');
  });

  it('is told in the log file where it is standard error that fails', async () => {
    const log = join(folder, 'agent.log');
    expect(await inShell('exec 2>/dev/full;', 'thaw', '--log-file', log)).toMatchObject({ status: 0 });
    expect(readFileSync(log, 'utf8')).toMatch(/nothing more is logged to standard error/);
  });
});

it('a failure is told under the name that was asked for', async () => {
  for (const wrong of [
    ['--lock-timeout', '99'],
    ['--no-log-file', '--defaults-file', '/nowhere.cnf'],
    ['--log-file', '/dev/null/x'],
  ]) {
    const run = await inShell('', 'snapshot', '--run-id', 'nightly-7', ...wrong);
    expect(JSON.parse(run.stdout)).toMatchObject({
      run: 'nightly-7',
      outcome: 'refused',
      message: expect.stringContaining(wrong.at(-1) ?? ''),
    });
  }
});

it.each([[], ['--log-file', 'agent.log']])(
  'a working directory that is gone is none that could be frozen %s',
  async (...log) => {
    const gone = 'mkdir gone && cd gone && rmdir ../gone &&';
    const run = await inShell(gone, 'plan', '--capture', CAPTURE, ...log);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('"outcome":"done"') });
  },
);

it('what is wrong is named without what would steer a terminal', async () => {
  const run = await inShell('', 'plan', '--capture', '/nowhere/\u001b[2J\u202ecnf');
  expect(run.status).toBe(2);
  expect(run.stderr).toContain('/nowhere/�[2J�cnf');
});

describe('on a host', () => {
  let host: OneHost;
  beforeAll(async () => {
    host = await oneHost({ volumes: 'one' });
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(async () => {
    host.aws.behave({ latencyMs: {}, faults: [] });
    await expectHostWhole(host);
  });

  it.each(['plan', 'capture'])('%s, which holds nothing, ends at a signal, and says so', async (verb) => {
    host.aws.behave({ latencyMs: { DescribeInstances: 20_000 } });
    const asked = () => host.aws.calls.filter(({ action }) => action === 'DescribeInstances').length;
    const before = asked();
    const run = host.start(verb, ...(verb === 'capture' ? [join(folder, 'capture.json')] : []));
    await vi.waitUntil(() => asked() > before, { timeout: 20_000 });
    process.kill(run.pid, 'SIGTERM');
    expect(await run.ended).toMatchObject({
      status: 130,
      result: { code: 'cancelled', message: 'cancelled by SIGTERM' },
    });
  });

  it('an instance that EC2 does not know is no matter of the network', async () => {
    host.aws.behave({
      faults: [{ kind: 'refuse', action: 'DescribeInstances', code: 'InvalidInstanceID.NotFound', status: 400 }],
    });
    const run = await host.agent('plan');
    expect(run).toMatchObject({ status: 12, result: { code: 'no-identity' } });
    expect(run.stderr).toContain('the Region of its identity document');
  });

  it('a file system that is mounted inside the data directory is part of the server', async () => {
    using extra = mountXfs('archive');
    const [{ device, mountPoint } = { device: '', mountPoint: '' }] = extra.volumes;
    const inside = join(host.datadir, 'archive');
    mkdirSync(inside);
    execFileSync('mount', ['--bind', mountPoint, inside]);
    const run = await host.agent('plan').finally(() => {
      execFileSync('umount', [inside]);
      rmdirSync(inside);
    });
    expect(run).toMatchObject({ status: 20, result: { code: 'volume-unresolved' } });
    expect(run.result?.message).toContain(device.slice('/dev/'.length));
  });

  it('a full log disk costs no set its grade', async () => {
    const run = await host.agent('snapshot', '--log-file', '/dev/full');
    expect(run).toMatchObject({ status: 0, result: { outcome: 'done', grade: 'application' } });
    expect(run.stderr).toContain('the set is graded application');
  });
});
