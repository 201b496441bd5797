import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { holdersOfDevice } from '../../../src/lab/machine/mount-holders.ts';
import { mountStallableXfs, unmountBusy } from '../../support/xfs.ts';

/** Starts a program that prints a line when it is ready and then waits for its stdin. */
async function started(program: string, ...args: string[]): Promise<{ readonly pid: number } & AsyncDisposable> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('a mount that another mount namespace holds is not unmounted, and the error names the namespace', async () => {
  using storage = mountStallableXfs('data');
  const [{ device, mountPoint } = { device: '', mountPoint: '' }] = storage.volumes;
  const { mountPoint: below, device: deviceBelow } = storage.below;
  // Private: it keeps its copy of the mount when the mount is gone here.
  const apart = ['--mount', '--propagation', 'private'];
  await using holder = await started('unshare', ...apart, 'sh', '-c', 'echo ready; read -r end');
  const namespace = readlinkSync(`/proc/${holder.pid}/ns/mnt`);
  unmountBusy(mountPoint);

  const holds = `pid ${holder.pid} (sh) in namespace ${namespace} has`;
  expect(holdersOfDevice(device)).toBe(`${holds} ${device} mounted on ${mountPoint}`);
  const holders = [
    `${device} is attached to ${below}/data.img`,
    `${holds} ${deviceBelow} mounted on ${below}`,
    `${holds} ${device} mounted on ${mountPoint}`,
  ];
  expect(() => unmountBusy(below, () => {}, 1)).toThrow(
    `${below} cannot be unmounted (held by ${holders.join('; ')}): umount:`,
  );
});

test('a mount with an open file is not unmounted, and the error names the process and the file', async () => {
  using storage = mountStallableXfs('data');
  const [{ mountPoint } = { mountPoint: '' }] = storage.volumes;
  await using holder = await started('sh', '-c', `exec 7>'${mountPoint}/open'; echo ready; read -r end`);
  expect(() => unmountBusy(mountPoint, () => {}, 1)).toThrow(
    `${mountPoint} cannot be unmounted (held by pid ${holder.pid} (sh) has ${mountPoint}/open open): umount:`,
  );
});
