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
});
