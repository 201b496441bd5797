import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newInstanceId } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import { mountsBelow } from '../../../src/lab/machine/kernel-mounts.ts';
import { makeMachineFolder } from '../../../src/lab/machine/lab-folder.ts';
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
  expect([lab.path, machineFolder].filter((path) => existsSync(path))).toEqual([]);
  expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
  expect(existsSync(namespaceOfAnotherLab.outside(root))).toBe(true);
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
