import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { initialDataDirectory } from '../../../src/lab/hosts/data-directory-cache.ts';
import { startServer } from '../../../src/lab/hosts/database-server.ts';
import { freePort } from '../../../src/lab/hosts/free-port.ts';
import { obtainServer } from '../../../src/lab/servers/obtain-server.ts';
import { SERVERS } from '../../../src/lab/servers/server-name.ts';
import { labForTest } from './lab-for-test.ts';

const WITH_DOWNLOAD_MS = 600_000;

test.runIf(process.arch === 'x64').each(SERVERS)(
  '%s runs on copies of its data directory: with an id and a port, and no two are taken for one',
  async (name) => {
    await using standing = await labForTest();
    const { shell, lab } = standing;
    const distribution = await obtainServer(shell, name, lab.id, () => {});
    const start = async (serverId: number, tcpPort?: number) => {
      const folder = join(lab.path, `copy-${serverId}`);
      await mkdir(folder);
      const datadir = join(folder, 'data');
      await shell.run(['cp', '--archive', await initialDataDirectory(shell, distribution, lab.id), datadir]);
      const logBin = join(datadir, 'bin');
      const settings = { serverId, durability: '1/1', ...(tcpPort && { tcpPort }) } as const;
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
  },
  WITH_DOWNLOAD_MS,
);
