import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabVolume } from '../../src/lab/world.ts';
import { volumeId } from '../support/one-host.ts';
import type { FaultHost, HostFileSystem } from './support/fault-host.ts';
import type { Scene } from './support/scene.ts';
import { within } from './support/within.ts';

/**
 * All that may change in the world while the run is stopped at a step. Each is made from there on: what has to wait for a
 * lock or a frozen file system waits, and is made later. Its disposal puts back what it changed, after the run.
 */
export const CHANGES = {
  'a table comes to another volume': ({ host }) =>
    madeInTime(
      host,
      `CREATE TABLE elsewhere.row ENGINE=InnoDB DATA DIRECTORY='${host.fileSystems.elsewhere.volume.mountPoint}' SELECT 1 AS number`,
      'DROP TABLE elsewhere.row',
    ),
  'flushing at commit is switched': ({ host }) => setting(host, 'innodb_flush_log_at_trx_commit'),
  'flushing at commit is switched and back': ({ host }) => setting(host, 'innodb_flush_log_at_trx_commit', 'and back'),
  'syncing the binary log is switched': ({ host }) => setting(host, 'sync_binlog'),
  'syncing the binary log is switched and back': ({ host }) => setting(host, 'sync_binlog', 'and back'),
  'a mount comes into the data directory': ({ host }) =>
    mount('--bind', host.fileSystems.elsewhere.volume.mountPoint, join(host.datadir, 'mounted')),
  'a mount covers a schema': ({ host }) =>
    mount('-t', 'tmpfs', '-o', 'size=1m', 'cover', join(host.datadir, 'covered')),
  'the mount of the data is moved': async ({ host }) => {
    const aside = join(host.storage.folder, 'aside');
    mkdirSync(aside, { recursive: true });
    const { data } = host.fileSystems;
    execFileSync('mount', ['--bind', data.volume.mountPoint, aside]);
    unmount(data.volume.mountPoint);
    return undo(() => {
      mountAgain(data);
      unmount(aside);
    });
  },
  'the binary log is unmounted': async ({ host }) => {
    const { binlog } = host.fileSystems;
    unmount(binlog.volume.mountPoint);
    return undo(() => mountAgain(binlog));
  },
  /** For the agent, as in a service whose folders are protected: the server has it open for writing. */
  'the data is mounted read-only': async ({ host, enter }) => {
    const [program = '', ...rest] = [
      ...enter,
      'mount',
      '-o',
      'remount,bind,ro',
      host.fileSystems.data.volume.mountPoint,
    ];
    execFileSync(program, rest);
    return undo(() => {});
  },
  'a replication source is named': ({ host }) =>
    madeInTime(
      host,
      "CHANGE MASTER 'world' TO MASTER_HOST = '192.0.2.1', MASTER_USER = 'replica'",
      "RESET SLAVE 'world' ALL",
    ),
  'a volume is attached': async ({ changeVolumes }) => {
    const further = { volumeId: volumeId(8), sizeGiB: 5, device: '/dev/sdy', tags: {}, isBoot: false };
    changeVolumes((volumes) => [...volumes, further]);
    return undo(() => {});
  },
  'a volume is exchanged': async ({ host, changeVolumes }) => {
    changeVolumes((volumes) => volumes.map((each) => (isOn(host, each) ? { ...each, volumeId: volumeId(7) } : each)));
    return undo(() => {});
  },
  /** As an array does that is given a further member: what can be shown without one. */
  'the device of the data grows': async ({ host, changeVolumes }) => {
    resize(host, 2);
    changeVolumes((volumes) => volumes.map((each) => (isOn(host, each) ? { ...each, sizeGiB: 2 } : each)));
    return undo(() => resize(host, 1));
  },
} as const satisfies Record<string, (scene: Scene) => Promise<AsyncDisposable>>;

export type ChangeName = keyof typeof CHANGES;

const GIB = 2 ** 30;
const POLL_MS = 10;
/** What waited goes on when the run has ended. */
const MADE_MS = 30_000;

const undo = (work: () => unknown): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    await work();
  },
});

/** Answers when the statement has been done, or waits for somebody. */
async function madeInTime(host: FaultHost, sql: string, undone: string): Promise<AsyncDisposable> {
  let isMade = false;
  const made = host.query(sql).finally(() => {
    isMade = true;
  });
  made.catch(() => {});
  while (!isMade && !(await waits(host, sql))) await sleep(POLL_MS);
  return undo(async () => {
    await within(MADE_MS, `not made: ${sql}`, made);
    await host.query(undone);
  });
}

/** For a lock, or in the kernel for a file system that is frozen. */
async function waits(host: FaultHost, sql: string): Promise<boolean> {
  const [waiting] = await host.query(
    `SELECT TID AS thread, STATE AS state FROM information_schema.PROCESSLIST WHERE INFO LIKE '${sql.slice(0, 20).replaceAll("'", '_')}%' AND ID <> CONNECTION_ID()`,
  );
  if (waiting === undefined) return false;
  return /^Waiting for backup lock/.test(waiting['state'] ?? '') || isStuck(Number(waiting['thread']));
}

/** Where in the kernel a thread waits that means to write to a frozen file system (seen on 6.18). */
const isStuck = (thread: number): boolean => readFileSync(`/proc/${thread}/wchan`, 'utf8').includes('percpu');

/** At level `crash` a server counts on none of which it is known that it was set: there it is started again. */
async function setting(host: FaultHost, name: string, andBack?: 'and back'): Promise<AsyncDisposable> {
  const before = host.durability === '1/1' ? 1 : 0;
  await host.query(`SET GLOBAL ${name} = ${1 - before}`);
  if (andBack) await host.query(`SET GLOBAL ${name} = ${before}`);
  return undo(async () => {
    await host.query(`SET GLOBAL ${name} = ${before}`);
    if (host.durability === '1/1') await host.shutDown();
    await host.startAgain();
  });
}

async function mount(...words: readonly string[]): Promise<AsyncDisposable> {
  execFileSync('mount', words);
  return undo(() => unmount(words.at(-1) ?? ''));
}

/** Whatever is open there. */
const unmount = (place: string) => execFileSync('umount', ['--lazy', place]);

const mountAgain = ({ volume }: HostFileSystem) => execFileSync('mount', [volume.device, volume.mountPoint]);

const isOn = ({ fileSystems }: FaultHost, { device }: LabVolume) => device === fileSystems.data.volume.device;

function resize({ storage, fileSystems }: FaultHost, gib: number): void {
  const { device, mountPoint } = fileSystems.data.volume;
  truncateSync(join(storage.below.mountPoint, `${basename(mountPoint)}.img`), gib * GIB);
  execFileSync('losetup', ['--set-capacity', device]);
}
