import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clock } from '../../../src/agent/adapters/clock.ts';
import { processes } from '../../../src/agent/adapters/processes.ts';
import guardProgram from '../../../src/agent/window/guard.sh';
import { startGuard } from '../../../src/agent/window/guard.ts';
import { FREEZE_RECORDS } from '../../../src/agent/window/state-folder.ts';
import { isFrozen, mountXfs, mountXfsOn } from '../../support/xfs.ts';

const LONG = 30_000;

describe('the guard, on real XFS', () => {
  let storage: ReturnType<typeof mountXfs>;
  let mounts: string[];
  let lock: number;

  beforeEach(() => {
    mkdirSync(FREEZE_RECORDS, { recursive: true, mode: 0o700 });
    storage = mountXfs('data', 'log');
    mounts = storage.volumes.map((volume) => volume.mountPoint);
    lock = openSync(join(storage.folder, 'lock'), 'a');
  });

  afterEach(() => {
    closeSync(lock);
    storage[Symbol.dispose]();
  });

  it('freezes all mounts for as long as the window is open, and thaws them at its end', async () => {
    await using guard = await startGuard(processes, clock, mounts, LONG, lock);
    expect(mounts.map(isFrozen)).toEqual([false, false]);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      expect(mounts.map(isFrozen)).toEqual([true, true]);
    }
    expect(mounts.map(isFrozen)).toEqual([false, false]);
    expect(window.heldThroughout).toBe(true);
    expect(window.frozenMs).toBeGreaterThan(0);
  });

  it('leaves alone what somebody else has frozen, thaws its own, and says whose it is', async () => {
    const [data = '', log = ''] = mounts;
    execFileSync('fsfreeze', ['--freeze', log]);
    await using guard = await startGuard(processes, clock, mounts, LONG, lock);
    await expect(guard.freeze(LONG)).rejects.toMatchObject({
      code: 'freeze-failed',
      message: `${log} is already frozen by somebody else`,
    });
    expect(isFrozen(data)).toBe(false);
    expect(isFrozen(log)).toBe(true);
  });

  it('reports a file system that cannot be frozen, and thaws the others', async () => {
    const [data = ''] = mounts;
    await using guard = await startGuard(processes, clock, [data, '/proc'], LONG, lock);
    await expect(guard.freeze(LONG)).rejects.toMatchObject({
      code: 'freeze-failed',
      message: expect.stringContaining('/proc'),
    });
    expect(isFrozen(data)).toBe(false);
  });

  it('thaws by itself when the deadline passes, and the window says that it did not hold', async () => {
    await using guard = await startGuard(processes, clock, mounts, -1_000, lock);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      while (mounts.some(isFrozen)) await clock.sleep(50);
      await clock.sleep(50);
    }
    expect(window.heldThroughout).toBe(false);
  });

  it('notices that somebody else has thawed in the middle', async () => {
    await using guard = await startGuard(processes, clock, mounts, LONG, lock);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      execFileSync('fsfreeze', ['--unfreeze', mounts[1] ?? '']);
    }
    expect(window.heldThroughout).toBe(false);
    expect(mounts.map(isFrozen)).toEqual([false, false]);
    await vi.waitFor(() => expect(readdirSync(FREEZE_RECORDS)).toEqual([]), 20_000);
  });

  it('is told apart from one whose process was killed, although that thaws too', async () => {
    await using guard = await startGuard(processes, clock, mounts, LONG, lock);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      for (const holder of childrenOf(childrenOf(process.pid).at(-1) ?? 0)) process.kill(holder, 'SIGKILL');
      await vi.waitFor(() => expect(mounts.map(isFrozen)).toEqual([false, false]), 20_000);
    }
    expect(window.heldThroughout).toBe(false);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
  });

  it('thaws what the kernel froze only long after everybody had given up', async () => {
    const [outer = ''] = mounts;
    using inner = mountXfsOn(outer);
    await using guard = await startGuard(processes, clock, [inner.mountPoint], -1_000, lock);
    // With the device below stalled, a write in flight holds up the freeze, beyond our patience and the guard's.
    execFileSync('fsfreeze', ['--freeze', outer]);
    const writer = spawn('dd', ['if=/dev/zero', `of=${inner.mountPoint}/file`, 'bs=4k', 'count=64', 'oflag=direct'], {
      stdio: 'ignore',
    });
    await vi.waitFor(() => expect(stateOf(writer.pid)).toBe('D'), 20_000);
    await expect(guard.freeze(500)).rejects.toMatchObject({ code: 'freeze-unknown' });
    await clock.sleep(1_500);
    expect(readdirSync(FREEZE_RECORDS)).toHaveLength(1);
    execFileSync('fsfreeze', ['--unfreeze', outer]);
    await once(writer, 'close');
    await vi.waitFor(() => expect(readdirSync(FREEZE_RECORDS)).toEqual([]), 20_000);
    expect(isFrozen(inner.mountPoint)).toBe(false);
  });

  it('thaws when its owner is killed, and leaves no record', async () => {
    const records = join(storage.folder, 'records');
    mkdirSync(records);
    const owner = spawn(process.execPath, ['-e', OWNER, guardProgram, records, ...mounts], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    owner.stdout.on('data', (chunk) => {
      said += chunk;
    });
    while ((said.match(/frozen/g) ?? []).length < 2) await once(owner.stdout, 'data');
    expect(mounts.map(isFrozen)).toEqual([true, true]);
    expect(readdirSync(records)).toHaveLength(2);
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(mounts.map(isFrozen)).toEqual([false, false]), 20_000);
    await vi.waitFor(() => expect(readdirSync(records)).toEqual([]), 20_000);
  });
});

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** R, S, D (stuck in the kernel) …, as proc_pid_stat(5) has it. */
const stateOf = (pid = 0): string | undefined => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

/** Stands for the agent: starts the guard in a session of its own, has it freeze, and lives until it is killed. */
const OWNER = `
  const [program, records, ...mounts] = process.argv.slice(1);
  const { spawn } = require('node:child_process');
  const options = { detached: true, stdio: ['pipe', 'inherit', 'inherit'] };
  spawn('bash', ['-c', program, 'guard', '60', records, ...mounts], options).stdin.write('freeze\\n');
  setInterval(() => {}, 1000);
`;
