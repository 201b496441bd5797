import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MANIFEST_FILE } from '../../../src/shared/manifest.ts';
import { TAG } from '../../../src/shared/tags.ts';
import { type Lie, lyingServer, type Wire, type WireRow } from '../../support/lying-server.ts';
import { type AgentRun, expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

const ESCAPES = '\u001b[2J\u009b31m\u202e\nERROR forged';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'one' });
});
afterAll(() => host?.[Symbol.asyncDispose]());
afterEach(() => expectHostWhole(host));

/** One run of the agent against the host's own server, as `lie` tells of it. */
async function told(lie: Lie, ...argv: string[]): Promise<AgentRun> {
  const folder = join(host.optionFile, '..');
  const socket = join(folder, 'liar.sock');
  const account = { socketPath: host.server.socket, user: 'ebs_snapshot', password: host.password };
  await using _liar = await lyingServer(socket, () => mysql.createConnection(account), lie);
  return await host.agent(...(argv.length > 0 ? argv : ['snapshot']), '--socket', socket);
}

/** However it ended, it was said clearly: one line for a program, no trace, and nothing that would steer a terminal. */
function expectClear({ status, stdout, stderr, result }: AgentRun): void {
  expect(result, stdout + stderr).toBeDefined();
  expect(status).not.toBe(1);
  expect(stdout.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(stderr).not.toMatch(/^(\s+at |ERROR forged)/m);
  expect(stderr.length).toBeLessThan(30_000);
}

/** The global variables, but for these. */
const variables =
  (lies: Readonly<Record<string, string | null>>): Lie =>
  (statement, truth) => {
    if (!statement.startsWith('SHOW GLOBAL VARIABLES')) return truth;
    const kept = truth.filter((row) => !((row['Variable_name'] ?? '') in lies));
    return [...kept, ...Object.entries(lies).map(([name, value]) => ({ Variable_name: name, Value: value }))];
  };

/** Every row of the statements that match, changed. */
const rows =
  (statements: RegExp, change: (row: WireRow) => WireRow): Lie =>
  (statement, truth) =>
    statements.test(statement) ? truth.map(change) : truth;

/** Lies that begin with the lock. */
const underLock = (lie: Lie): Lie => {
  let locked = false;
  return (statement, truth) => {
    locked ||= statement === 'BACKUP STAGE BLOCK_COMMIT';
    return locked ? lie(statement, truth) : truth;
  };
};

const binlog = (change: WireRow) => rows(/^SHOW BINLOG STATUS/, (row) => ({ ...row, ...change }));
const gtid = (value: string | null) => rows(/gtid_binlog_pos/, () => ({ gtid: value }));
const ORDERS = 'b.000001\nfile ../forged lies\ncommit';

const sets = () =>
  host.aws.calls.filter(({ action, parameters }) => action === 'CreateSnapshots' && !parameters['DryRun']);

it('told the truth, the set is good', async () => {
  const run = await told((_statement, truth) => truth);
  expectClear(run);
  expect(run).toMatchObject({ status: 0, result: { outcome: 'done', grade: 'application' } });
});

describe('refused before the lock is asked for:', () => {
  it.each<[what: string, lie: Lie, code: string]>([
    ['a data directory of root', variables({ datadir: '/root/' }), 'files-unresolved'],
    ['a data directory that depends on where we stand', variables({ datadir: '../../var/lib' }), 'files-unresolved'],
    ['a data directory that does not end', variables({ datadir: `/${'x'.repeat(5_000_000)}` }), 'files-unresolved'],
    ['a data directory with a NUL', variables({ datadir: '/var/lib/mysql\0/etc' }), 'files-unresolved'],
    ['a data directory with escapes', variables({ datadir: `/var/lib/${ESCAPES}` }), 'files-unresolved'],
    ['a data directory that is null', variables({ datadir: null }), 'server-unsupported'],
    ['logs in a device', variables({ innodb_log_group_home_dir: '/dev/zero/x' }), 'files-unresolved'],
    [
      'tables in a file of root',
      (statement, truth) => (/_TABLESPACES/.test(statement) ? [{ path: '/etc/passwd' }] : truth),
      'volume-unresolved',
    ],
    ['a version with escapes', variables({ version: ESCAPES }), 'server-unsupported'],
    ['a version of very many digits', variables({ version: `${'9'.repeat(400)}.1.1-MariaDB` }), 'server-unsupported'],
    ['a UUID with escapes', variables({ server_uid: ESCAPES }), 'server-unsupported'],
    ['a UUID that fits no tag', variables({ server_uid: 'x'.repeat(300) }), 'server-unsupported'],
    ['a number that is none', variables({ server_id: '1e9' }), 'server-unsupported'],
    [
      'an engine with escapes, and a table that uses it',
      rows(/^SHOW ENGINES|^SELECT DISTINCT COALESCE\(ENGINE/, (row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, /engine/i.test(key) ? ESCAPES : value])),
      ),
      'server-unsupported',
    ],
    ['columns of other names', rows(/^SHOW ENGINES/, () => ({ [ESCAPES]: 'x' })), 'server-unsupported'],
    ['columns with a name of JavaScript', rows(/^SHOW ENGINES/, () => ({ ['__proto__']: 'y' })), 'connection-lost'],
    ['a log name with orders', binlog({ File: ORDERS }), 'coordinates-unreadable'],
    ['a log name with a quote', binlog({ File: "b', MASTER_HOST='x.000001" }), 'coordinates-unreadable'],
    ['a log name with folders', binlog({ File: '../../../etc/shadow.000001' }), 'coordinates-unreadable'],
    ['a log name that is null', binlog({ File: null }), 'coordinates-unreadable'],
    ['a position that is none', binlog({ Position: '-1' }), 'coordinates-unreadable'],
    ['a position beyond all numbers', binlog({ Position: '9'.repeat(40) }), 'coordinates-unreadable'],
    ['a GTID set with orders', gtid(`0-1-1\nfile ${ORDERS}`), 'coordinates-unreadable'],
    [
      'a long statement with escapes',
      (statement, truth) =>
        statement.includes('PROCESSLIST') ? [{ id: ESCAPES, user: ESCAPES, seconds: '99', statement: ESCAPES }] : truth,
      'long-statement',
    ],
  ])('%s', async (_what, lie, code) => {
    const before = sets().length;
    const run = await told(lie);
    expectClear(run);
    expect(run.result).toMatchObject({ code });
    expect(run.stderr).not.toContain('asking for the read lock');
    expect(sets()).toHaveLength(before);
  });
});

describe('a server that does not keep to the protocol', () => {
  const instead =
    (statements: RegExp, act: (wire: Wire) => void): Lie =>
    (statement, truth) =>
      statements.test(statement) ? act : truth;

  it.each<[what: string, act: (wire: Wire) => void, code: string]>([
    [
      'rows without end',
      ({ columns, row, socket }) => {
        columns('a');
        const more = () => {
          while (row('x'.repeat(1000)));
          socket.once('drain', more);
        };
        more();
      },
      'connection-lost',
    ],
    [
      'columns without end',
      ({ packet, socket }) => {
        packet(Buffer.from([0xfd, 0xff, 0xff, 0xff]));
        const more = () => {
          while (!socket.writableNeedDrain) packet(Buffer.alloc(1000));
          socket.once('drain', more);
        };
        more();
      },
      'connection-lost',
    ],
    [
      'bytes that mean nothing',
      ({ packet }) => {
        packet(Buffer.from([1]));
        packet(Buffer.from([0xfd, 0xff, 0xff, 0xff]));
      },
      'connection-lost',
    ],
    [
      'a row that is shorter than it says',
      ({ columns, packet }) => {
        columns('a', 'b');
        packet(Buffer.from([0xfd, 0xff, 0xff, 0xff, 0x41]));
      },
      'connection-lost',
    ],
    [
      'an end in the middle',
      ({ columns, socket }) => {
        columns('a');
        socket.end();
      },
      'connection-lost',
    ],
    [
      'an error that is long and steers terminals',
      ({ refuse }) => refuse(1105, ESCAPES.repeat(100_000)),
      'server-unsupported',
    ],
    ['a refusal that steers terminals', ({ refuse }) => refuse(1142, ESCAPES), 'server-denied'],
  ])('%s', async (_what, act, code) => {
    const run = await told(instead(/^SHOW GLOBAL STATUS/, act));
    expectClear(run);
    expect(run.result).toMatchObject({ code });
  });

  it('is given its time where it has very many tables', async () => {
    const seesAll = rows(/^SHOW GRANTS/, () => ({ grants: 'GRANT PROCESS, SELECT ON *.* TO somebody' }));
    const slowly: Lie = (statement, truth) =>
      /FROM information_schema.TABLES/.test(statement)
        ? ({ refuse }) => void setTimeout(refuse, 31_000, 1105, 'counted them all')
        : seesAll(statement, truth);
    const run = await told(slowly, 'snapshot', '--level', 'crash');
    const message = 'non-transactional-tables: counted them all';
    expect(run.result).toMatchObject({ code: 'server-unsupported', message });
  });

  it('is sent no file of this host', async () => {
    const file = join(host.optionFile, '../a-file-of-root');
    writeFileSync(file, 'geheim\n'.repeat(10_000), { mode: 0o600 });
    let socket: Wire['socket'] | undefined;
    const run = await told(
      instead(/^SHOW GLOBAL STATUS/, (wire) => {
        socket = wire.socket;
        wire.packet(Buffer.concat([Buffer.from([0xfb]), Buffer.from(file)]));
      }),
    );
    expectClear(run);
    expect(run.result).toMatchObject({ code: 'connection-lost', message: expect.stringContaining('LOCAL INFILE') });
    expect(socket?.bytesRead).toBeLessThan(10_000);
  });
});

describe('a server that begins to lie under the lock', () => {
  const written = () => readdirSync(join(host.datadir, '..')).concat(readdirSync(host.datadir));

  it('cannot give orders to the file writer', async () => {
    const run = await told(underLock(binlog({ File: ORDERS })));
    expectClear(run);
    expect(run.result).toMatchObject({ code: 'coordinates-unreadable', outcome: 'failed' });
    expect(written()).not.toContain('forged');
  });

  it('with a GTID set beyond all measure costs itself no more than the lock', async () => {
    const run = await told(underLock(gtid('0-1-1,'.repeat(2_000_000).slice(0, -1))));
    expectClear(run);
    expect(run.result).toMatchObject({ code: 'write-failed', message: expect.stringContaining('the most is') });
    expect(run.result).not.toHaveProperty('grade');
  });

  it('about its connection has a broken set', async () => {
    const run = await told(underLock(rows(/CONNECTION_ID\(\) AS id/, () => ({ id: ESCAPES }))));
    expectClear(run);
    expect(run.result).toMatchObject({ code: 'set-broken', grade: 'broken' });
  });
});

it('a GTID set that fits no tag is in the tags as its hash, and whole in the manifest', async () => {
  const set = Array.from({ length: 20_000 }, (_, index) => `${index}-1-${index}`).join();
  const run = await told(gtid(set));
  expectClear(run);
  expect(run.result).toMatchObject({ outcome: 'done', grade: 'application' });
  const [snapshot] = await host.snapshotsOf(run.result?.set);
  expect(snapshot?.Tags).toContainEqual({ Key: TAG.gtid, Value: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  expect(readFileSync(join(host.datadir, MANIFEST_FILE), 'utf8')).toContain(set);
});
