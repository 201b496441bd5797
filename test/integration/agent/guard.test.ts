import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clock } from '../../../src/agent/adapters/clock.ts';
import { freezeRecords } from '../../../src/agent/adapters/freeze-records.ts';
import { processes } from '../../../src/agent/adapters/processes.ts';
import { takeRunLock } from '../../../src/agent/adapters/run-lock.ts';
import { FREEZE_RECORDS, RUN_LOCK } from '../../../src/agent/state-paths.ts';
import guardProgram from '../../../src/agent/window/guard.sh';
import { thawLeftovers } from '../../../src/agent/window/leftovers.ts';
import { guardOf, guardOfPlanned, makeStateFolder, mountedOn } from '../../support/guard.ts';
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

  it('does not start where another file system than planned is mounted, and freezes neither', async () => {
    const [data = '', log = ''] = mounts;
    const planned = mountedOn(data);
    execFileSync('umount', [data]);
    execFileSync('mount', ['--bind', log, data]);
    try {
      await expect(guardOfPlanned([planned], LONG)).rejects.toMatchObject({
        code: 'plan-changed',
        message: expect.stringMatching(
          new RegExp(`${data}.* device ${mountedOn(log).device} .* device ${planned.device}`),
        ),
      });
      expect(isFrozen(log)).toBe(false);
    } finally {
      execFileSync('umount', [data]);
    }
  });

  it('freezes what it has opened, and nothing else, although that was unmounted meanwhile', async () => {
    const [data = '', log = ''] = mounts;
    const below = openSync(data, 'r');
    const opened = `/proc/${process.pid}/fd/${below}`;
    try {
      await using guard = await guardOf([data], LONG);
      expect(() => execFileSync('umount', [data], { stdio: 'pipe' })).toThrow(/busy/);
      execFileSync('umount', ['--lazy', data]);
      execFileSync('mount', ['--bind', log, data]);
      const window = await guard.freeze(LONG);
      {
        await using _open = window;
        expect([isFrozen(opened), isFrozen(log)]).toEqual([true, false]);
      }
      expect(window.heldThroughout).toBe(true);
      expect(isFrozen(opened)).toBe(false);
    } finally {
      closeSync(below);
      execFileSync('umount', [data]);
    }
  });

  it('does not count as silent for what it said while we were stopped', async () => {
    await using guard = await guardOf(mounts, -1_000);
    const outcome = guard.freeze(100).catch((error) => error);
    // As SIGSTOP does: neither timers nor pipes are looked at, for longer than the guard's own deadline.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
    expect(await outcome).toMatchObject({ code: 'freeze-failed' });
    expect(mounts.map(isFrozen)).toEqual([false, false]);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
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

describe('what a guard left frozen', () => {
  let storage: ReturnType<typeof mountXfs>;
  let data: string;
  let device: string;
  let record: string;

  beforeEach(() => {
    makeStateFolder();
    storage = mountXfs('data', 'elsewhere');
    data = storage.volumes[0]?.mountPoint ?? '';
    ({ device } = mountedOn(data));
    record = join(FREEZE_RECORDS, 'earlier.0');
    writeFileSync(record, `${device} ${data}`);
    execFileSync('fsfreeze', ['--freeze', data]);
  });
  afterEach(() => storage[Symbol.dispose]());

  it('is thawed where it is mounted now, and what is mounted over it is left alone', async () => {
    const elsewhere = storage.volumes[1]?.mountPoint ?? '';
    const moved = join(storage.folder, 'moved');
    mkdirSync(moved);
    // What is mounted over one of two peers would be mounted over the other, too.
    execFileSync('mount', ['--make-private', data]);
    execFileSync('mount', ['--bind', data, moved]);
    execFileSync('mount', ['--bind', elsewhere, data]);
    execFileSync('fsfreeze', ['--freeze', elsewhere]);
    try {
      expect(await thawLeftovers(processes, freezeRecords)).toEqual([data]);
      expect([isFrozen(moved), isFrozen(elsewhere)]).toEqual([false, true]);
      expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
    } finally {
      execFileSync('fsfreeze', ['--unfreeze', elsewhere]);
      for (const mount of [data, moved]) execFileSync('umount', [mount]);
    }
  });

  it('stays frozen when it is unmounted: that is said, and the record stays until it is thawed', async () => {
    execFileSync('umount', ['--lazy', data]);
    try {
      await expect(thawLeftovers(processes, freezeRecords)).rejects.toMatchObject({
        code: 'thaw-failed',
        exit: 50,
        message: expect.stringContaining(`${data}: its device ${device} is mounted nowhere`),
        hint: expect.stringContaining(record),
      });
      expect(readdirSync(FREEZE_RECORDS)).toEqual(['earlier.0']);
    } finally {
      execFileSync('mount', [storage.volumes[0]?.device ?? '', data]);
    }
    expect(isFrozen(data)).toBe(true);
    expect(await thawLeftovers(processes, freezeRecords)).toEqual([data]);
    expect(isFrozen(data)).toBe(false);
  });

  it('by a version that recorded the path alone is thawed there, and nowhere where nothing is mounted there', async () => {
    writeFileSync(record, data);
    expect(await thawLeftovers(processes, freezeRecords)).toEqual([data]);
    const nothing = join(storage.folder, 'nothing');
    mkdirSync(nothing);
    writeFileSync(record, nothing);
    await expect(thawLeftovers(processes, freezeRecords)).rejects.toMatchObject({ code: 'thaw-failed' });
    writeFileSync(record, '');
    expect(await thawLeftovers(processes, freezeRecords)).toEqual([]);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
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
