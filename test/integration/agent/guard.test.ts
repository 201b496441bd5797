import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clock } from '../../../src/agent/adapters/clock.ts';
import { processes } from '../../../src/agent/adapters/processes.ts';
import { takeRunLock } from '../../../src/agent/adapters/run-lock.ts';
import { FREEZE_RECORDS, RUN_LOCK } from '../../../src/agent/state-paths.ts';
import guardProgram from '../../../src/agent/window/guard.sh';
import { guardOf, makeStateFolder } from '../../support/guard.ts';
import { isFrozen, mountXfs, mountXfsOn } from '../../support/xfs.ts';

const LONG = 30_000;

describe('the guard, on real XFS', () => {
  let storage: ReturnType<typeof mountXfs>;
  let mounts: string[];

  beforeEach(() => {
    makeStateFolder();
    storage = mountXfs('data', 'log');
    mounts = storage.volumes.map((volume) => volume.mountPoint);
  });

  afterEach(() => {
    storage[Symbol.dispose]();
  });

  it('freezes all mounts for as long as the window is open, and thaws them at its end', async () => {
    await using guard = await guardOf(mounts, LONG);
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
    await using guard = await guardOf(mounts, LONG);
    await expect(guard.freeze(LONG)).rejects.toMatchObject({
      code: 'freeze-failed',
      message: `${log} is already frozen by somebody else`,
    });
    expect(isFrozen(data)).toBe(false);
    expect(isFrozen(log)).toBe(true);
  });

  it('reports a file system that cannot be frozen, and thaws the others', async () => {
    const [data = ''] = mounts;
    await using guard = await guardOf([data, '/proc'], LONG);
    await expect(guard.freeze(LONG)).rejects.toMatchObject({
      code: 'freeze-failed',
      message: expect.stringContaining('/proc'),
    });
    expect(isFrozen(data)).toBe(false);
  });

  it('thaws by itself when the deadline passes, and the window says that it did not hold', async () => {
    await using guard = await guardOf(mounts, -1_000);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      while (mounts.some(isFrozen)) await clock.sleep(50);
      await clock.sleep(50);
    }
    expect(window.heldThroughout).toBe(false);
  });

  it('notices that somebody else has thawed in the middle', async () => {
    await using guard = await guardOf(mounts, LONG);
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
    await using guard = await guardOf(mounts, LONG);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      for (const holder of childrenOf(guardPid())) process.kill(holder, 'SIGKILL');
      await vi.waitFor(() => expect(mounts.map(isFrozen)).toEqual([false, false]), 20_000);
    }
    expect(window.heldThroughout).toBe(false);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
  });

  it('that loses its first process thaws, and the window says that it did not hold', async () => {
    await using guard = await guardOf(mounts, LONG);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      process.kill(guardPid(), 'SIGKILL');
      await vi.waitFor(() => expect(mounts.map(isFrozen)).toEqual([false, false]), 20_000);
    }
    expect(window.heldThroughout).toBe(false);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
  });

  it('that loses a process while it freezes does not keep the others frozen until the time is up', async () => {
    await using guard = await guardOf(mounts, LONG);
    const holder = childrenOf(guardPid())[1] ?? 0;
    const writer = spawn('sh', ['-c', `while :; do echo; done >${mounts[0]}/file`], { stdio: 'ignore' });
    const written = once(writer, 'close');
    process.kill(holder, 'SIGSTOP');
    const outcome = guard.freeze(LONG).catch((error) => error);
    try {
      // Not asked by freezing: that would be in the guard's way.
      await vi.waitFor(() => expect(stateOf(writer.pid)).toBe('D'), 20_000);
    } finally {
      process.kill(holder, 'SIGKILL');
      writer.kill();
    }
    // Whoever writes to a frozen file system dies of no signal before the thaw.
    await written;
    expect(await outcome).toMatchObject({ code: 'freeze-failed' });
    expect(mounts.map(isFrozen)).toEqual([false, false]);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
  }, 20_000);

  it('that is killed whole is thawed for at once, not only at the end of the window', async () => {
    await using guard = await guardOf(mounts, LONG);
    const window = await guard.freeze(LONG);
    {
      await using _open = window;
      process.kill(-guardPid(), 'SIGKILL');
      await vi.waitFor(() => expect(mounts.map(isFrozen)).toEqual([false, false]), 20_000);
      await vi.waitFor(() => expect(readdirSync(FREEZE_RECORDS)).toEqual([]), 20_000);
    }
    expect(window.heldThroughout).toBe(false);
  });

  it('that did not live to remove its records leaves that to us', async () => {
    {
      await using guard = await guardOf(mounts, LONG);
      await (await guard.freeze(LONG))[Symbol.asyncDispose]();
      await vi.waitFor(() => expect(readdirSync(FREEZE_RECORDS)).toEqual([]), 20_000);
      writeFileSync(join(FREEZE_RECORDS, 'guarded.1'), mounts[1] ?? '');
    }
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
  });

  it('that cannot keep a record does not freeze', async () => {
    mkdirSync(join(FREEZE_RECORDS, 'guarded.0'));
    try {
      await using guard = await guardOf(mounts, LONG);
      await expect(guard.freeze(LONG)).rejects.toMatchObject({
        code: 'freeze-failed',
        message: expect.stringContaining('no record'),
      });
      expect(mounts.map(isFrozen)).toEqual([false, false]);
    } finally {
      rmdirSync(join(FREEZE_RECORDS, 'guarded.0'));
    }
  });

  it('shares the run lock: while one of its processes lives, no other run begins', async () => {
    const lock = await takeRunLock(processes);
    await using _guard = await guardOf(mounts, LONG);
    await lock[Symbol.asyncDispose]();
    await expect(takeRunLock(processes)).rejects.toMatchObject({ code: 'run-in-progress' });
    process.kill(guardPid(), 'SIGKILL');
    await vi.waitFor(async () => (await takeRunLock(processes))[Symbol.asyncDispose](), 20_000);
  });

  it('does not start while somebody holds the run lock for himself', async () => {
    const holder = spawn('flock', ['--no-fork', '--exclusive', RUN_LOCK, 'sh', '-c', 'echo held; exec sleep 60']);
    try {
      await once(holder.stdout, 'data');
      await expect(guardOf(mounts, LONG)).rejects.toMatchObject({ code: 'host-unfit' });
    } finally {
      holder.kill();
    }
  });

  it('thaws what the kernel froze only long after everybody had given up', async () => {
    const [outer = ''] = mounts;
    using inner = mountXfsOn(outer);
    await using guard = await guardOf([inner.mountPoint], -1_000);
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
    const owner = spawn(process.execPath, ['-e', OWNER, guardProgram, RUN_LOCK, join(records, 'run'), ...mounts], {
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

/** The youngest child of this process that leads a session. */
const guardPid = (): number => childrenOf(process.pid).at(-1) ?? 0;

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** R, S, D (stuck in the kernel) …, as proc_pid_stat(5) has it. */
const stateOf = (pid = 0): string | undefined => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

/**
 * Stands for the agent: starts the guard in a session of its own, has it freeze, and lives until it is killed. It reads
 * the guard's reports itself, as the agent does: with it, the reader goes.
 */
const OWNER = `
  const [program, ...rest] = process.argv.slice(1);
  const { spawn } = require('node:child_process');
  const options = { detached: true, stdio: ['pipe', 'pipe', 'inherit'] };
  const guard = spawn('bash', ['-c', program, 'guard', '60', ...rest], options);
  guard.stdout.pipe(process.stdout);
  guard.stdin.write('freeze\\n');
  setInterval(() => {}, 1000);
`;
