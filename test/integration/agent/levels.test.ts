import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BINLOG_INFO_FILE, MANIFEST_FILE, Manifest } from '../../../src/shared/manifest.ts';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
  await host.root.query('CREATE DATABASE shop');
  await host.root.query('CREATE TABLE shop.orders (id SERIAL) ENGINE=InnoDB');
});
afterAll(() => host?.[Symbol.asyncDispose]());
afterEach(() => expectHostWhole(host));

const manifest = () => v.parse(Manifest, JSON.parse(readFileSync(join(host.datadir, MANIFEST_FILE), 'utf8')));

/** All that the server was asked to do while `work` was done. */
async function statementsDuring(work: () => Promise<unknown>): Promise<string> {
  await host.root.query("SET GLOBAL log_output = 'TABLE', general_log = ON");
  await host.root.query('TRUNCATE mysql.general_log');
  await work();
  await host.root.query('SET GLOBAL general_log = OFF');
  const [rows] = await host.root.query('SELECT GROUP_CONCAT(argument SEPARATOR 0x0a) AS said FROM mysql.general_log');
  return String((rows as { said: string }[])[0]?.said);
}

/** While `statement` is in force: what keeps crash recovery from being exact, and what takes that away. */
const OBSTACLES = [
  ['SET GLOBAL sync_binlog = 0', 'SET GLOBAL sync_binlog = 1', 'sync_binlog is 0'],
  [
    'SET GLOBAL innodb_flush_log_at_trx_commit = 2',
    'SET GLOBAL innodb_flush_log_at_trx_commit = 1',
    'innodb_flush_log_at_trx_commit is 2',
  ],
  ['CREATE TABLE shop.`odd``name` (a INT) ENGINE=Aria', 'DROP TABLE shop.`odd``name`', '`shop`.`odd``name` (ARIA)'],
  [
    "XA START 'sale'; INSERT INTO shop.orders VALUES (); XA END 'sale'; XA PREPARE 'sale'",
    "XA ROLLBACK 'sale'",
    '1 prepared XA transactions',
  ],
  [
    'REVOKE SHOW VIEW ON *.* FROM ebs_snapshot@localhost',
    'GRANT SHOW VIEW ON *.* TO ebs_snapshot@localhost',
    'lacks SHOW VIEW',
  ],
] as const;

async function each(statements: string): Promise<void> {
  for (const statement of statements.split('; ')) await host.root.query(statement);
}

describe('level crash', () => {
  it('takes a whole set while no commit waits: no read lock is taken and nothing frozen', async () => {
    writeFileSync(join(host.datadir, BINLOG_INFO_FILE), "MASTER_LOG_FILE='of an earlier set', MASTER_LOG_POS=4\n");
    let run: Awaited<ReturnType<OneHost['agent']>> | undefined;
    const said = await statementsDuring(async () => {
      run = await host.agent('snapshot', '--level', 'crash', '--run-id', 'as-it-is');
    });
    expect(run).toMatchObject({
      status: 0,
      result: { outcome: 'done', level: 'crash', grade: 'crash', members: 2 },
    });
    for (const field of ['stallMs', 'frozenMs', 'binlog', 'gtid']) expect(run?.result).not.toHaveProperty(field);
    expect(await host.gradesOf('as-it-is/i-0123456789abcdef0')).toEqual(['crash', 'crash']);
    expect(said).toContain('XA RECOVER');
    // DDL alone is held back; the look for other backups takes no lock at all.
    expect(said).not.toMatch(/BLOCK_COMMIT|FLUSH TABLES|LOCK TABLES/);
    expect(manifest()).toMatchObject({ level: 'crash', coordinates: {}, firstStartNeedsBinlog: true });
    expect(manifest().fileSystems.map(({ frozen }) => frozen)).toEqual([false, false]);
    expect(existsSync(join(host.datadir, BINLOG_INFO_FILE)), 'coordinates of an earlier set').toBe(false);
  });

  it('auto takes it where it is proven', async () => {
    const { result } = await host.agent('snapshot', '--level', 'auto');
    expect(result).toMatchObject({ outcome: 'done', level: 'crash', grade: 'crash' });
  });

  it('stays unproven where the answer of EC2 is lost', async () => {
    host.aws.behave({ faults: [{ kind: 'drop-after', action: 'CreateSnapshots', times: 1 }] });
    const { status, result } = await host.agent('snapshot', '--level', 'crash', '--run-id', 'lost');
    host.aws.behave({ faults: [] });
    expect({ status, result }).toMatchObject({ status: 52, result: { code: 'outcome-unknown', grade: 'unproven' } });
    expect(await host.gradesOf('lost/i-0123456789abcdef0')).toEqual(['unproven', 'unproven']);
  });

  // From the first SET GLOBAL on this server is refused at level crash: what changes it comes last.
  it('is broken where what made it exact did not hold until EC2 had answered', async () => {
    const held = host.holdCalls('CreateSnapshots');
    const run = host.start('snapshot', '--level', 'crash', '--run-id', 'weakened');
    await held.arrived();
    await host.root.query('SET GLOBAL sync_binlog = 1000');
    held[Symbol.dispose]();
    const { status, result } = await run.ended;
    await host.root.query('SET GLOBAL sync_binlog = 1');
    expect({ status, result }).toMatchObject({ status: 36, result: { code: 'set-broken', grade: 'broken' } });
    expect(result?.message).toContain('settings as planned: sync_binlog was 1 and is 1000');
    expect(await host.gradesOf('weakened/i-0123456789abcdef0')).toEqual(['broken', 'broken']);
  });

  it.each(OBSTACLES)('is refused after %s, and auto then takes the lock', async (statement, undo, reason) => {
    await each(statement);
    const refused = await host.agent('snapshot', '--level', 'crash');
    const planned = await host.agent('plan', '--level', 'auto');
    const taken = await host.agent('snapshot', '--level', 'auto');
    await each(undo);
    expect(refused.result).toMatchObject({ outcome: 'refused', message: expect.stringContaining(reason) });
    expect([17, 18]).toContain(refused.status);
    expect(planned.stderr).toContain('Not level crash, because');
    expect(planned.stderr).toContain(reason);
    expect(taken.result).toMatchObject({ outcome: 'done', level: 'application', grade: 'application' });
    expect(taken.stderr).toContain(`(not crash: `);
  });
});
