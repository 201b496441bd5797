import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newInstanceId } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import { mountsBelow } from '../../../src/lab/machine/kernel-mounts.ts';
import { makeMachineFolder, workshopOf } from '../../../src/lab/machine/lab-folder.ts';
import { takeLabLock } from '../../../src/lab/machine/lab-lock.ts';
import { processesOf } from '../../../src/lab/machine/lab-processes.ts';
import { loopsBelow } from '../../../src/lab/machine/loop-devices.ts';
import { makeMountNamespace } from '../../../src/lab/machine/mount-namespace.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import { sweepAll } from '../../../src/lab/machine/sweep.ts';
import { labForTest } from './lab-for-test.ts';

test('a sweep takes everything away, a frozen file system with a writer stuck in it included', async () => {
  await using standing = await labForTest();
  const { lab, shell, ebs, root } = standing;
  const { device } = await ebs.createVolume(newInstanceId(), 1);
  await shell.run(['mkfs.xfs', '-q', device]);
  const mountPoint = join(lab.path, 'hosts', 'data');
  await mkdir(mountPoint, { recursive: true });
  await shell.run(['mount', device, mountPoint]);
  const machineFolder = join(root, 'machine', 'folder');
  await makeMachineFolder(lab, machineFolder);
  await mkdir(join(workshopOf(lab.id), 'mysql'), { recursive: true });
  await makeMountNamespace(shell);
  await using namespaceOfAnotherLab = await makeMountNamespace(plainShell());
  await appendFile(join(mountPoint, 'file'), 'before\n');
  await shell.run(['fsfreeze', '-f', mountPoint]);
  const writer = shell.start(['sh', '-c', `echo after >>'${mountPoint}/file'`], { stdio: 'ignore' });
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  expect((await processesOf(lab.id)).length).toBeGreaterThan(1);

  expect(await sweepAll(root)).toBe(1);

  expect(await processesOf(lab.id)).toEqual([]);
  expect(writer.exitCode ?? writer.signalCode).not.toBe(null);
  expect(await mountsBelow(lab.path)).toEqual([]);
  expect(await loopsBelow(lab.path)).toEqual([]);
  expect([lab.path, machineFolder, workshopOf(lab.id)].filter((path) => existsSync(path))).toEqual([]);
  expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
  expect(existsSync(namespaceOfAnotherLab.outside(root))).toBe(true);
  bystander.kill();
});

test("what runs on a host is the lab's without a mark, like the guard of an agent that was killed", async () => {
  await using standing = await labForTest();
  const { lab, shell, ebs, root } = standing;
  const { device } = await ebs.createVolume(newInstanceId(), 1);
  await shell.run(['mkfs.xfs', '-q', device]);
  const [data, run] = [join(lab.path, 'hosts', 'data'), join(lab.path, 'hosts', 'run')];
  for (const folder of [data, run]) await mkdir(folder, { recursive: true });
  await shell.run(['mount', device, data]);
  const machineFolder = join(root, 'machine');
  await makeMachineFolder(lab, machineFolder);
  const host = await makeMountNamespace(shell);
  await shell.run([...host.enter, 'mount', '--bind', run, machineFolder]);
  await using hostOfAnotherLab = await makeMountNamespace(plainShell());
  const start = ([program = '', ...args]: readonly string[]) =>
    spawn(program, args, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] });
  const guard = start([
    ...host.enter,
    'sh',
    '-c',
    `echo alive; trap '' TERM; while sleep 0.05; do fsfreeze -f '${data}'; done`,
  ]);
  const bystander = start([...hostOfAnotherLab.enter, 'sh', '-c', 'echo alive; exec sleep 600']);
  await Promise.all([guard, bystander].map(({ stdout }) => once(stdout, 'data')));
  await host[Symbol.asyncDispose]();

  await sweepAll(root);

  expect(guard.signalCode).toBe('SIGKILL');
  expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
  expect(await loopsBelow(lab.path)).toEqual([]);
  expect([lab.path, machineFolder].filter((path) => existsSync(path))).toEqual([]);
  bystander.kill();
});

test('a second lab is refused, by name of the first, and may come when that has ended', async () => {
  await using standing = await labForTest();
  const first = await takeLabLock(standing.root, 'rehearse');
  await expect(takeLabLock(standing.root, 'up')).rejects.toThrow(
    `(\`rehearse\`, pid ${process.pid}; ${standing.root})`,
  );
  await first[Symbol.asyncDispose]();
  await (await takeLabLock(standing.root, 'up'))[Symbol.asyncDispose]();
});
