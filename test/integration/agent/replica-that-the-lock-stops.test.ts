import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

/**
 * MySQL with parallel workers that keep the order of commits, where 50 rounds of a rehearsal found that the read lock can
 * stop replication (error 3030) while a table is applied that is not transactional.
 */
const WITH_DOWNLOAD_MS = 900_000;

describe.runIf(process.arch === 'x64')('a replica that the read lock could stop', () => {
  let host: OneHost;
  beforeAll(async () => {
    host = await oneHost({
      volumes: 'two',
      server: 'mysql-9.7',
      extra: ['--replica-parallel-workers=4', '--skip-replica-start'],
    });
    // An applier that runs; there is nothing to apply, and nobody answers at the source's address.
    await host.root.query(
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 9, SOURCE_USER = 'nobody'",
    );
    await host.root.query('START REPLICA SQL_THREAD');
    await host.root.query('CREATE DATABASE app');
    await host.root.query('CREATE TABLE app.log (id INT PRIMARY KEY) ENGINE = MyISAM');
  }, WITH_DOWNLOAD_MS);
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('is refused before any lock, and says what mends it', async () => {
    const { status, result } = await host.agent('snapshot');
    expect([status, result?.outcome, result?.code]).toEqual([18, 'refused', 'server-unsupported']);
    expect(result?.message).toContain('`app`.`log` (MYISAM) is not transactional');
    expect(result?.hint).toContain('--stop-replica-sql');
    await expectHostWhole(host);
  });

  it('is taken where no such table is left', async () => {
    await host.root.query('ALTER TABLE app.log ENGINE = InnoDB');
    expect((await host.agent('snapshot')).result).toMatchObject({ outcome: 'done', grade: 'application' });
    await expectHostWhole(host);
  });

  it('is refused before any commit waits while an applier is at one row event for as long', async () => {
    await using _busy = await rowEventThatWaits(host);
    const { status, result } = await host.agent('snapshot', '--lock-timeout', '1');
    expect([status, result?.outcome, result?.code]).toEqual([25, 'refused', 'long-statement']);
    expect(result?.message).toMatch(/row event of the replica's applier \(connection \d+\) has run for at least 1 s/);
    expect(result?.hint).toContain('--stop-replica-sql');
    await expectHostWhole(host);
  });
});

/** An applier in the middle of a row event, which waits for a row until disposed: our own binary log is its relay log. */
async function rowEventThatWaits({ root, server }: OneHost): Promise<AsyncDisposable> {
  const ask = async (sql: string): Promise<Record<string, string>> =>
    (await root.query<RowDataPacket[]>(sql))[0][0] ?? {};
  for (const sql of ['STOP REPLICA', 'CREATE TABLE app.rows (v INT)', 'INSERT INTO app.rows VALUES (1)'])
    await root.query(sql);
  await root.query('FLUSH BINARY LOGS');
  const { File: log = '' } = await ask('SHOW BINARY LOG STATUS');
  await root.query('UPDATE app.rows SET v = 2');
  for (const sql of ['SET sql_log_bin = 0', 'UPDATE app.rows SET v = 1', 'SET sql_log_bin = 1']) await root.query(sql);
  // The file that it applies is not the one that it writes.
  const { Relay_Log_File: relayLog = '' } = await ask('SHOW REPLICA STATUS');
  for (const sql of ['FLUSH BINARY LOGS', 'FLUSH RELAY LOGS']) await root.query(sql);
  const { ours = '', theirs = '' } = await ask('SELECT @@log_bin_basename AS ours, @@relay_log_basename AS theirs');
  copyFileSync(join(dirname(ours), log), join(dirname(theirs), relayLog));
  // Neither the server's own events nor executed ones are applied.
  for (const sql of ['RESET BINARY LOGS AND GTIDS', 'SET GLOBAL server_id = 4711']) await root.query(sql);
  await root.query(`CHANGE REPLICATION SOURCE TO RELAY_LOG_FILE = '${relayLog}', RELAY_LOG_POS = 4`);
  const holder = await server.connect();
  for (const sql of ['BEGIN', 'SELECT * FROM app.rows FOR UPDATE']) await holder.query(sql);
  await root.query('START REPLICA SQL_THREAD');
  await expect
    .poll(() => ask("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Applying batch of row changes%'"))
    .toEqual({ 1: 1 });
  return { [Symbol.asyncDispose]: () => holder.end() };
}
