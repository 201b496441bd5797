import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { processes } from '../../../src/agent/adapters/processes.ts';
import { DeadlinePassed } from '../../../src/agent/ports.ts';
import { mountXfs } from '../../support/xfs.ts';

describe('a child process', () => {
  it('answers with its status and what it said', async () => {
    const argv = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
    expect(await processes.run(argv, { deadlineMs: 5_000 })).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('that is not there is an error', async () => {
    await expect(processes.run(['/nowhere/program'], { deadlineMs: 5_000 })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not take our environment with it', async () => {
    process.env['A_SECRET'] = 'x';
    const { stdout } = await processes.run(['env'], { deadlineMs: 5_000 });
    expect(stdout.split('\n').map((line) => line.split('=')[0])).toEqual(expect.not.arrayContaining(['A_SECRET']));
  });

  it('that is stuck in a frozen file system is given up at the deadline, although nothing can kill it', async () => {
    using storage = mountXfs('stuck');
    const [{ mountPoint } = { mountPoint: '' }] = storage.volumes;
    execFileSync('fsfreeze', ['--freeze', mountPoint]);
    const stuck = processes.run(['touch', `${mountPoint}/file`], { deadlineMs: 300 });
    await expect(stuck).rejects.toBeInstanceOf(DeadlinePassed);
  });

  it('is heard for what it said in time, although we were stopped until after the deadline', async () => {
    await using child = processes.start(['sh', '-c', 'echo said; exec cat'], { name: 'greeter' });
    const line = child.nextLine(100);
    // As SIGSTOP does: neither timers nor pipes are looked at meanwhile.
    const stop = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    stop();
    expect(await line).toBe('said');
    // The same where the event loop comes to setImmediate before it comes to the pipes.
    child.send('again');
    await once(execFile('true'), 'exit');
    stop();
    expect(await child.nextLine(0)).toBe('again');
    await expect(child.nextLine(0)).rejects.toBeInstanceOf(DeadlinePassed);
    process.kill(child.pid);
  });

  it('says its lines one by one, and nothing after its end', async () => {
    await using child = processes.start(['sh', '-c', 'read -r name; echo hello; echo $name'], { name: 'greeter' });
    child.send('world');
    expect([await child.nextLine(5_000), await child.nextLine(5_000), await child.nextLine(5_000)]).toEqual([
      'hello',
      'world',
      undefined,
    ]);
  });

  it('that is silent past the deadline is named', async () => {
    await using child = processes.start(['sleep', '60'], { name: 'sleeper' });
    await expect(child.nextLine(50)).rejects.toThrow('sleeper: nothing heard for 50 ms');
    process.kill(child.pid);
  });
});
