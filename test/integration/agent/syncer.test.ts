import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processes } from '../../../src/agent/adapters/processes.ts';
import { takeWriterLock } from '../../../src/agent/adapters/writer-lock.ts';
import type { FileSystem } from '../../../src/agent/ports.ts';
import { startSyncer } from '../../../src/agent/window/syncer.ts';
import { makeStateFolder, mountedOn } from '../../support/guard.ts';
import { isFrozen, mountXfs, thawAnyway } from '../../support/xfs.ts';

describe('the syncer, on real XFS', () => {
  let storage: ReturnType<typeof mountXfs>;
  let data: string;
  let log: string;
  beforeEach(() => {
    makeStateFolder();
    storage = mountXfs('data', 'log');
    [data = '', log = ''] = storage.volumes.map(({ mountPoint }) => mountPoint);
  });
  afterEach(async () => {
    // Free once no syncer is left.
    await (await takeWriterLock(processes))[Symbol.asyncDispose]();
    storage[Symbol.dispose]();
  });

  it('syncs the file system that it has opened, whatever is mounted over it by then', async () => {
    await using lock = await takeWriterLock(processes);
    await using syncer = await startSyncer(processes, [data, log].map(mountedOn), lock);
    const marker = `written at ${process.hrtime.bigint()}`;
    writeFileSync(join(data, 'dirty'), marker);
    execFileSync('mount', ['--bind', log, data]);
    try {
      expect(isOnDevice(marker)).toBe(false);
      await syncer.syncUnderLock([data]);
      expect(isOnDevice(marker)).toBe(true);
    } finally {
      execFileSync('umount', [data]);
    }
  });

  it('does not start where another file system than planned is mounted', async () => {
    await using lock = await takeWriterLock(processes);
    const planned = mountedOn(data);
    execFileSync('umount', [data]);
    execFileSync('mount', ['--bind', log, data]);
    const started = (fileSystem: FileSystem) => startSyncer(processes, [mountedOn(log), fileSystem], lock);
    try {
      await expect(started(planned)).rejects.toMatchObject({
        code: 'plan-changed',
        message: `${data}: the file system of device ${mountedOn(log).device} is mounted there now; planned was device ${planned.device}`,
      });
      await expect(started({ ...planned, mountPoint: '/nowhere' })).rejects.toMatchObject({
        code: 'plan-changed',
        message: '/nowhere cannot be opened',
      });
    } finally {
      execFileSync('umount', [data]);
      execFileSync('mount', [storage.volumes[0]?.device ?? '', data]);
    }
  });

  it('leaves nothing behind that the probe has written', async () => {
    await using lock = await takeWriterLock(processes);
    await using syncer = await startSyncer(processes, [data, log].map(mountedOn), lock);
    const changed = () => execFileSync('stat', ['--format=%y %z', data, log], { encoding: 'utf8' });
    const before = changed();
    await syncer.probe();
    expect(changed()).toBe(before);
  });

  it('that is stuck keeps the writers’ lock, and no run lock, until the thaw', async () => {
    execFileSync('fsfreeze', ['--freeze', log]);
    try {
      {
        await using lock = await takeWriterLock(processes);
        await using syncer = await startSyncer(processes, [data, log].map(mountedOn), lock);
        await expect(syncer.probe()).rejects.toMatchObject({
          code: 'file-system-stuck',
          message: expect.stringContaining(log),
        });
      }
      await expect(takeWriterLock(processes)).rejects.toMatchObject({
        code: 'file-system-stuck',
        message: expect.stringMatching(/^process \d+ \(unlink .*\) of an earlier run/),
      });
    } finally {
      thawAnyway(log);
    }
    expect(isFrozen(log)).toBe(false);
  }, 30_000);

  /** Reads what the device of the first file system holds: the file behind its loop device. */
  function isOnDevice(marker: string): boolean {
    const { device = '' } = storage.volumes[0] ?? {};
    const image = execFileSync('losetup', ['--noheadings', '--output', 'BACK-FILE', device], {
      encoding: 'utf8',
    }).trim();
    try {
      execFileSync('grep', ['--quiet', '--text', '--fixed-strings', marker, image]);
      return true;
    } catch {
      return false;
    }
  }
});
