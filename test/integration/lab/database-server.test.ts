import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { changerOf } from '../../../src/lab/changes/apply-change.ts';
import { flushSettings } from '../../../src/lab/changes/change.ts';
import { initialDataDirectory } from '../../../src/lab/hosts/data-directory-cache.ts';
import { type DatabaseServer, startServer } from '../../../src/lab/hosts/database-server.ts';
import { freePort } from '../../../src/lab/hosts/free-port.ts';
import { obtainServer } from '../../../src/lab/servers/obtain-server.ts';
import { replicationDialect } from '../../../src/lab/servers/replication-dialect.ts';
import { SERVERS } from '../../../src/lab/servers/server-name.ts';
import { labForTest } from './lab-for-test.ts';

const WITH_DOWNLOAD_MS = 600_000;

test.runIf(process.arch === 'x64').each(SERVERS)(
  '%s runs on copies of its data directory: with an id and a port, no two are taken for one; its world changes and is as it was, and it starts anew',
  async (name) => {
    await using standing = await labForTest();
    const { shell, lab } = standing;
    const distribution = await obtainServer(shell, name, lab.id, () => {});
    const start = async (serverId: number, tcpPort?: number) => {
      const folder = join(lab.path, `copy-${serverId}`);
      const elsewhere = join(folder, 'elsewhere');
      await mkdir(elsewhere, { recursive: true });
      await shell.run(['chown', 'mysql:mysql', elsewhere]);
      const datadir = join(folder, 'data');
      await shell.run(['cp', '--archive', await initialDataDirectory(shell, distribution, lab.id), datadir]);
      const logBin = join(datadir, 'bin');
      const settings = { serverId, elsewhere, durability: '1/1', ...(tcpPort && { tcpPort }) } as const;
      return startServer(shell, { distribution, datadir, logBin, runFolder: join(folder, 'run'), ...settings });
    };
    const port = await freePort();
    await using first = await start(11, port);
    await using second = await start(12);

    const root = await first.connect();
    await root.query("CREATE USER remote@'%' IDENTIFIED BY 'c0ffee'");
    const remote = await mysql.createConnection({ host: '127.0.0.1', port, user: 'remote', password: 'c0ffee' });
    const [[told]] = await remote.query<RowDataPacket[]>('SELECT @@server_id AS id, @@log_bin AS binlog');
    expect(told).toEqual({ id: 11, binlog: 1 });

    const other = await second.connect();
    const [[offline]] = await other.query<RowDataPacket[]>('SELECT @@skip_networking AS yes, @@server_id AS id');
    expect(offline).toEqual({ yes: 1, id: 12 });
    if (distribution.flavour.name === 'mysql') {
      const uuid = async (connection: mysql.Connection) =>
        (await connection.query<RowDataPacket[]>('SELECT @@server_uuid AS uuid'))[0][0]?.['uuid'];
      expect(await uuid(root)).not.toBe(await uuid(other));
    }
    for (const connection of [root, remote, other]) connection.destroy();
    await expectChanges(second, join(lab.path, 'copy-12', 'elsewhere'));
    const { pid } = second;
    await second.restart();
    expect(second.pid).not.toBe(pid);
    await (await second.connect()).end();
  },
  WITH_DOWNLOAD_MS,
);

/** Every change is seen while it lasts, and nothing of it afterwards; the binary log does not move. */
async function expectChanges({ connect, distribution: { flavour } }: DatabaseServer, folder: string): Promise<void> {
  const root = await connect();
  const row = async (sql: string) => (await root.query<RowDataPacket[]>(sql))[0][0];
  const state = async () => ({
    ...(await row(`SELECT ${flushSettings(flavour.name).map(({ setting }) => `@@GLOBAL.${setting}`)}`)),
    ...(flavour.name === 'mysql' && (await row("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'"))),
    schemas: await row("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'elsewhere'"),
    place: await row(replicationDialect(flavour.name).ownFileQuery),
  });
  const before = await state();
  {
    await using changer = await changerOf({ connect, folder });
    await changer.apply({ kind: 'flush setting', setting: 'sync_binlog', value: 0 });
    await changer.apply({ kind: 'flush setting', setting: 'sync_binlog', value: 100 });
    await changer.apply({ kind: 'flush setting and back', setting: 'innodb_flush_log_at_trx_commit', value: 0 });
    expect(await state()).toEqual({ ...before, '@@GLOBAL.sync_binlog': 100 });
    if (flavour.name === 'mysql') {
      const undo = await changer.apply({ kind: 'redo log off' });
      expect(await state()).toMatchObject({ Value: 'OFF' });
      await undo();
      expect(await state()).toMatchObject({ Value: 'ON' });
    }
    const drop = await changer.apply({ kind: 'table elsewhere', table: 't_1' });
    await changer.apply({ kind: 'table elsewhere', table: 't_2' });
    expect((await readdir(join(folder, 'elsewhere'))).toSorted()).toEqual(['t_1.ibd', 't_2.ibd']);
    const rows = async (table: string) => (await row(`SELECT COUNT(*) AS count FROM elsewhere.${table}`))?.['count'];
    while ((await rows('t_1')) < 3) await row('SELECT SLEEP(0.01)');
    await drop();
    const [first, second] = changer.tables;
    expect(first?.ackedAt.length).toBeGreaterThanOrEqual(3);
    expect(first?.dropSentAt).toBeGreaterThan(Number(first?.createdAt));
    expect(second?.dropSentAt).toBeUndefined();
    expect(await readdir(join(folder, 'elsewhere'))).toEqual(['t_2.ibd']);
  }
  expect(await state()).toEqual(before);
  root.destroy();
}
