import { readFile } from 'node:fs/promises';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { buildHost, OPTION_FILE } from '../../../src/lab/hosts/simulated-host.ts';
import { installedServer } from '../../../src/lab/servers/installed.ts';
import { labForTest } from './lab-for-test.ts';

test('the privileges of the agent are enough for the lock, the coordinates and the facts, and read no data', async () => {
  await using standing = await labForTest();
  const { shell, lab, ebs } = standing;
  const host = await buildHost(shell, lab, ebs, {
    number: 1,
    distribution: await installedServer(shell),
    durability: '1/1',
  });
  const root = await host.server.connect();
  await root.query('CREATE DATABASE app');
  await root.query('CREATE TABLE app.legacy (id INT) ENGINE=MyISAM');
  await root.end();

  const options = await readFile(host.namespace.outside(OPTION_FILE), 'utf8');
  const option = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(options)?.[1] ?? '';
  const connection = await mysql.createConnection({
    socketPath: option('socket'),
    user: option('user'),
    password: option('password'),
  });
  const rows = async (sql: string) => (await connection.query<RowDataPacket[]>(sql))[0];
  for (const stage of ['START', 'FLUSH', 'BLOCK_DDL', 'BLOCK_COMMIT']) await connection.query(`BACKUP STAGE ${stage}`);
  const [status] = await rows('SHOW BINLOG STATUS');
  expect(await rows(`SHOW BINLOG EVENTS IN '${status?.['File']}' LIMIT 1`)).toHaveLength(1);
  await connection.query('BACKUP STAGE END');
  expect((await rows('SELECT FILENAME FROM information_schema.INNODB_SYS_TABLESPACES')).length).toBeGreaterThan(0);
  await expect(rows('SELECT * FROM app.legacy')).rejects.toThrow('SELECT command denied');
  connection.destroy();
});
