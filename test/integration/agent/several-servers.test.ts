import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { RowDataPacket } from 'mysql2/promise';
import { expect, it } from 'vitest';
import { APPLIER_RECORDS } from '../../../src/agent/state-paths.ts';
import { initialDataDirectory } from '../../../src/lab/hosts/data-directory-cache.ts';
import { startServer } from '../../../src/lab/hosts/database-server.ts';
import { plainShell } from '../../../src/lab/machine/shell.ts';
import { TAG } from '../../../src/shared/tags.ts';
import { createAgentAccount, type OneHost, oneHost } from '../../support/one-host.ts';

const CONTROLLER = join(import.meta.dirname, '../../../dist/controller.cjs');

/** A second MariaDB on the first volume of the host, known to its option file by the suffix `_b`. */
async function addServer(host: OneHost): Promise<AsyncDisposable & { readonly datadir: string }> {
  const shell = plainShell();
  const { distribution } = host.server;
  const datadir = join(host.mounts[0] ?? '', 'mysql-b');
  await shell.run(['cp', '-a', await initialDataDirectory(shell, distribution), datadir]);
  const runFolder = join(host.datadir, '../../server-b');
  const server = await startServer(shell, {
    ...{ distribution, datadir, runFolder, serverId: 8, durability: '1/1' },
    logBin: join(datadir, 'binlog'),
  });
  const root = await server.connect();
  await createAgentAccount(root, distribution);
  root.destroy();
  appendFileSync(host.optionFile, `[mysql-ebs-snapshot_b]\nsocket=${server.socket}\n`);
  return { datadir, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The built controller's JSON, as the administrator. */
async function controller(host: OneHost, ...argv: string[]) {
  const { accessKeyId, secretAccessKey } = host.aws.administrator;
  const child = spawn(process.execPath, [CONTROLLER, ...argv, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL: host.aws.endpoint,
      AWS_REGION: host.aws.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  const closed = once(child, 'close');
  const json = JSON.parse(await text(child.stdout));
  return { status: (await closed)[0] as number, json };
}

it('two servers of one host are snapshotted by their option groups, kept and judged each for itself', async () => {
  await using host = await oneHost({ volumes: 'two' });
  await using second = await addServer(host);
  const a = await host.agent('snapshot', '--run-id', 'A-1');
  const b = await host.agent('snapshot', '--run-id', 'B-1', '--defaults-group-suffix', '_b');
  expect([a.result, b.result]).toMatchObject([
    { outcome: 'done', grade: 'application', members: 2 },
    { outcome: 'done', grade: 'application', members: 1 },
  ]);
  const tagsOf = async (set: string | undefined) =>
    (await host.snapshotsOf(set)).flatMap(({ Tags = [] }) => Tags.filter(({ Key }) => Key === TAG.datadir));
  expect((await tagsOf(a.result?.set)).map(({ Value }) => Value)).toEqual([host.datadir, host.datadir]);
  expect((await tagsOf(b.result?.set)).map(({ Value }) => Value)).toEqual([second.datadir]);
  const listed = async () => (await controller(host, 'list')).json.sets as { state: string }[];
  await expect
    .poll(async () => (await listed()).map(({ state }) => state), { timeout: 60_000 })
    .toEqual(['complete', 'complete']);

  const pruned = await controller(host, 'prune', '--keep-last', '1');
  expect(pruned.json.sets).toMatchObject([
    { set: b.result?.set, fate: 'keep', because: ['newest good', 'last'] },
    { set: a.result?.set, fate: 'keep', because: ['newest good', 'last'] },
  ]);
  expect(await listed()).toMatchObject([{ datadir: second.datadir }, { datadir: host.datadir }]);
  const { json } = await controller(host, 'status', '--target', 'tag:Name=db-one', '--max-age', '1h');
  expect(json.backups).toMatchObject([
    { datadir: second.datadir, verdict: 'fresh' },
    { datadir: host.datadir, verdict: 'fresh' },
  ]);

  // A run of A stopped appliers and died: B's run leaves them to A's, which cannot start what is no channel.
  const [[said]] = await host.root.query<RowDataPacket[]>('SELECT @@GLOBAL.server_uid AS uuid');
  const plan = { channels: [''], stop: [], start: ["START SLAVE '' SQL_THREAD"] };
  const status = { sql: 'SHOW ALL SLAVES STATUS', channel: 'Connection_name', applying: 'Slave_SQL_Running' };
  const record = { server: { datadir: `${host.datadir}/`, uuid: said?.['uuid'] }, plan: { ...plan, status } };
  mkdirSync(APPLIER_RECORDS, { recursive: true, mode: 0o700 });
  const file = join(APPLIER_RECORDS, 'died');
  writeFileSync(file, JSON.stringify(record));
  try {
    expect((await host.agent('snapshot', '--defaults-group-suffix', '_b')).result).toMatchObject({ outcome: 'done' });
    expect((await host.agent('snapshot')).result).toMatchObject({ outcome: 'unsafe', code: 'applier-stopped' });
  } finally {
    rmSync(file);
  }
});
