import { chmodSync, closeSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import { type DatabaseServer, startServer } from '../../../src/lab/hosts/database-server.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import { installedServer } from '../../../src/lab/servers/installed.ts';
import { createAgentAccount, layOutDatabase } from '../../support/one-host.ts';
import { isFrozen, mountStallableXfs, type StallableXfs, thawAnyway, type XfsVolume } from '../../support/xfs.ts';
import { Turns } from './turns.ts';
import { lsnOf, Writer } from './writer.ts';

/** What the scenarios of a file have in common: file systems whose device can be stalled, a server on them, a writer. */
export interface FaultHost extends AsyncDisposable {
  readonly storage: StallableXfs;
  /** Where data and binary log are mounted, unless a scenario changes that. */
  readonly mounts: readonly string[];
  readonly fileSystems: Readonly<Record<'data' | 'binlog' | 'elsewhere', HostFileSystem>>;
  readonly datadir: string;
  /** At 0 the redo log has to be proven durable, which at 1 is a matter of course. Level `crash` needs 1. */
  readonly durability: '0/0' | '1/1';
  readonly writer: Writer;
  readonly socket: string;
  /** The machine has one lock and one freeze to give: who means to come to either, or looks for them, takes turns. */
  readonly turns: Turns;
  /** Up to where the server's redo log has been flushed. */
  flushedLsn(): Promise<bigint>;
  /** Asks the server as root. */
  query(sql: string): Promise<readonly RowDataPacket[]>;
  /** Changes a row and takes it back: there is something for the redo log, and no commit. */
  writeUncommitted(): Promise<void>;
  /** Orders the server to end. It takes no connection any more, but may wait for its file systems before it ends. */
  shutDown(): Promise<void>;
  /** Starts the server again where it was shut down, once it has ended. */
  startAgain(): Promise<void>;
  /** Those of these file systems (all of them) that are frozen. On a stalled device the question ends only if they are. */
  frozen(of?: readonly HostFileSystem[]): readonly HostFileSystem[];
  /** After a scenario, however it went: nothing is stalled or frozen, and the server runs. */
  makeFit(): Promise<void>;
}

/** One of the host's file systems, wherever it is mounted: reached by a descriptor. `elsewhere` holds nothing of the server at first. */
export interface HostFileSystem {
  readonly name: string;
  readonly volume: XfsVolume;
  /** Its outermost folder. */
  readonly root: string;
}

/** A server whose file systems are well again ends, and takes no connection any more, long before. */
const SHUT_DOWN = { timeout: 60_000, interval: 25 };

export async function faultHost(durability: FaultHost['durability'] = '0/0'): Promise<FaultHost> {
  const undo: (() => unknown)[] = [];
  const dispose = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const storage = mountStallableXfs('data', 'binlog', 'elsewhere');
    undo.push(() => storage[Symbol.dispose]());
    chmodSync(storage.folder, 0o755);
    const [data, binlog, elsewhere] = storage.volumes.map((volume) => {
      const descriptor = openSync(volume.mountPoint, 'r');
      undo.push(() => closeSync(descriptor));
      return { name: basename(volume.mountPoint), volume, root: `/proc/${process.pid}/fd/${descriptor}` };
    });
    if (!data || !binlog || !elsewhere) throw new Error('three file systems were asked for');
    const fileSystems = { data, binlog, elsewhere };
    const [dataMount, binlogMount] = [data.volume.mountPoint, binlog.volume.mountPoint];
    const shell = plainShell();
    await shell.run(['chown', 'mysql:mysql', elsewhere.volume.mountPoint]);
    const { datadir, logBin } = await layOutDatabase(shell, dataMount, binlogMount);
    const runFolder = join(storage.folder, 'server');
    const distribution = await installedServer(shell);
    const settings = { serverId: 7, durability };
    const start = () => startServer(shell, { distribution, datadir, logBin, runFolder, ...settings });
    let server: DatabaseServer = await start();
    undo.push(() => server[Symbol.asyncDispose]());
    const { socket } = server;
    const query = async (sql: string) => {
      const connection = await server.connect();
      try {
        const [rows] = await connection.query<RowDataPacket[]>(sql);
        return rows;
      } finally {
        connection.destroy();
      }
    };
    const root = await server.connect();
    await createAgentAccount(root);
    await root.query('CREATE DATABASE uncommitted');
    await root.query('CREATE TABLE uncommitted.row (changes BIGINT) ENGINE=InnoDB');
    for (const schema of ['elsewhere', 'covered', 'mounted']) await root.query(`CREATE DATABASE ${schema}`);
    await root.query('CREATE TABLE covered.row (number BIGINT) ENGINE=InnoDB');
    root.destroy();
    const writer = new Writer(() => server.connect());
    undo.push(() => writer[Symbol.asyncDispose]());
    let wasShutDown = false;
    const startAgain = async () => {
      if (!wasShutDown) return;
      await until('the server has not ended', async () => !isAlive(server.pid));
      server = await start();
      wasShutDown = false;
    };
    return {
      storage,
      mounts: [dataMount, binlogMount],
      fileSystems,
      datadir,
      durability,
      writer,
      socket,
      turns: new Turns(),
      query,
      async flushedLsn() {
        const connection = await server.connect();
        try {
          return await lsnOf(connection, 'FLUSHED');
        } finally {
          connection.destroy();
        }
      },
      async writeUncommitted() {
        const connection = await server.connect();
        await connection.beginTransaction();
        await connection.query('INSERT INTO uncommitted.row VALUES (1)');
        await connection.rollback();
        connection.destroy();
      },
      async shutDown() {
        wasShutDown = true;
        await query('SHUTDOWN');
        await until('the server still answers', () => query('SELECT 1').then(isFalse, isTrue));
      },
      startAgain,
      frozen: (of = Object.values(fileSystems)) => of.filter(({ root }) => isFrozen(root)),
      async makeFit() {
        storage.unstall();
        for (const { root } of Object.values(fileSystems)) thawAnyway(root);
        await startAgain();
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function until(complaint: string, isSo: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => {
    if (!(await isSo())) throw new Error(`${complaint} after ${SHUT_DOWN.timeout} ms`);
  }, SHUT_DOWN);
}

const isTrue = () => true;
const isFalse = () => false;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
