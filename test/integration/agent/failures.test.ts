import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ServerFacts } from '../../../src/agent/discovery/facts.ts';
import { planLock } from '../../../src/agent/plan/lock-plan.ts';
import { FREEZE_RECORDS, RUN_LOCK } from '../../../src/agent/state-paths.ts';
import { MANIFEST_FILE } from '../../../src/shared/manifest.ts';
import { expectClear } from '../../support/clear-ending.ts';
import { type AgentRun, expectHostWhole, type OneHost, oneHost, startAgent } from '../../support/one-host.ts';
import { clockAhead, tunnelProxy } from '../../support/way-to-aws.ts';
import { isFrozen } from '../../support/xfs.ts';

let host: OneHost;
beforeAll(async () => {
  host = await oneHost({ volumes: 'two' });
});
afterAll(() => host?.[Symbol.asyncDispose]());
afterEach(async () => {
  host.aws.behave({ latencyMs: {}, faults: [] });
  await expectHostWhole(host);
});

describe('what is wrong before anything is touched', () => {
  afterEach(() => {
    expect(existsSync(join(host.datadir, MANIFEST_FILE))).toBe(false);
    expect(host.aws.calls.filter((call) => call.action === 'CreateSnapshots' && !call.parameters['DryRun'])).toEqual(
      [],
    );
  });

  it('an unknown option', async () => {
    expectClear(await host.agent('snapshot', '--lock-timout', '3'), 2, 'usage', "'--lock-timout'");
  });

  it('an option file that is not there', async () => {
    const run = await host.agent('snapshot', '--defaults-file', '/nowhere/my.cnf');
    expectClear(run, 2, 'usage', '/nowhere/my.cnf');
  });

  it('an option file that is none: its line, not its content', async () => {
    const broken = join(host.datadir, '../../broken.cnf');
    writeFileSync(broken, '[client]\nuser=x\n[password=geheim\n');
    const run = await host.agent('snapshot', '--defaults-file', broken);
    expectClear(run, 2, 'usage', 'line 3');
    expect(run.stdout + run.stderr).not.toContain('geheim');
  });

  it('a server that does not answer', async () => {
    expectClear(await host.agent('snapshot', '--socket', '/nowhere.sock'), 16, 'server-unreachable', '/nowhere.sock');
  });

  it('a wrong password', async () => {
    const file = join(host.datadir, '../../wrong.cnf');
    const options = `[client]\nuser=ebs_snapshot\npassword=geheim\nsocket=${host.server.socket}\n`;
    writeFileSync(file, options, { mode: 0o600 });
    const run = await host.agent('snapshot', '--defaults-file', file);
    expectClear(run, 17, 'server-denied', "'ebs_snapshot'@'localhost'");
    expect(run.stdout + run.stderr).not.toContain('geheim');
  });

  it('a privilege that is missing, with the GRANT that mends it', async () => {
    await host.root.query('REVOKE RELOAD ON *.* FROM ebs_snapshot@localhost');
    const run = await host.agent('snapshot');
    await host.root.query('GRANT RELOAD ON *.* TO ebs_snapshot@localhost');
    expectClear(run, 17, 'server-denied', 'RELOAD');
    expect(run.result?.hint).toContain('GRANT RELOAD ON *.*');
  });

  it('a permission that is missing in IAM', async () => {
    host.aws.behave({
      faults: [{ kind: 'refuse', action: 'CreateSnapshots', dryRun: true, code: 'UnauthorizedOperation', status: 403 }],
    });
    expectClear(await host.agent('snapshot'), 14, 'no-permission', 'ec2:CreateSnapshots');
  });

  it('a parameter that is not there', async () => {
    const run = await host.agent('snapshot', '--password-parameter', '/mysql-ebs-snapshot/none');
    expectClear(run, 2, 'usage', '/mysql-ebs-snapshot/none');
  });

  it('a log file on a file system that would be frozen', async () => {
    const log = join(host.datadir, '../agent.log');
    const run = await host.agent('snapshot', '--log-file', log);
    rmSync(log);
    expectClear(run, 24, 'agent-on-frozen-mount', log);
  });

  it('another run on this host', async () => {
    const holder = spawn('flock', ['--no-fork', '--nonblock', RUN_LOCK, 'sh', '-c', 'echo held; exec sleep 60']);
    try {
      await once(holder.stdout, 'data');
      expectClear(await host.agent('snapshot'), 11, 'run-in-progress', RUN_LOCK);
    } finally {
      holder.kill();
    }
  });

  it('a cancellation', async () => {
    const run = host.start('snapshot', '--splay', '3600');
    await run.said('started');
    process.kill(run.pid, 'SIGTERM');
    expectClear(await run.ended, 130, 'cancelled', 'SIGTERM');
  });
});

describe('on the way to AWS', () => {
  const snapshotWith = (environment: NodeJS.ProcessEnv) =>
    startAgent(['snapshot', '--defaults-file', host.optionFile, '--no-log-file'], {
      ...host.environment,
      ...environment,
    }).ended;

  it.each([11, -11])('a clock that is wrong by %d minutes is told, and no reason for no set', async (minutes) => {
    await using aws = await clockAhead(host.aws.endpoint, minutes * 60_000);
    const { result, stderr } = await snapshotWith({ AWS_ENDPOINT_URL: aws.url });
    expect(result).toMatchObject({ outcome: 'done', grade: 'application', warnings: ['clock-off'] });
    expect(stderr).toContain(`clock is 11 min ${minutes > 0 ? 'behind' : 'ahead of'} AWS's`);
  });

  it('a proxy: every request but those of the metadata service goes through it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mysql-ebs-snapshot-test-'));
    try {
      await using proxy = await tunnelProxy(host.aws.endpoint, 'aws.example.com', 'we:s3cret', folder);
      const environment = (login: string) => ({
        AWS_ENDPOINT_URL: 'https://aws.example.com',
        HTTPS_PROXY: `http://${login}@${proxy.address}`,
        AWS_CA_BUNDLE: proxy.authority,
      });
      expect((await snapshotWith(environment('we:s3cret'))).result).toMatchObject({ grade: 'application' });
      expect(new Set(proxy.asked)).toEqual(new Set(['aws.example.com:443']));

      const refused = await snapshotWith(environment('we:0therSecret'));
      expectClear(refused, 15, 'aws-unreachable', `proxy ${proxy.address}: Bad response: 407`);
      expect(refused.stdout + refused.stderr).not.toContain('0therSecret');
      expectClear(await snapshotWith({ AWS_CA_BUNDLE: '/nowhere.pem' }), 2, 'usage', '/nowhere.pem');
      expectClear(
        await snapshotWith({ ...environment(''), HTTPS_PROXY: 'socks5://10.0.0.1' }),
        2,
        'usage',
        'HTTPS_PROXY',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a file system of the server that another program has frozen', () => {
  let frozen: string;
  const freeze = (mount = '') => {
    frozen = mount;
    execFileSync('fsfreeze', ['--freeze', frozen]);
  };
  const thawIt = () => execFileSync('fsfreeze', ['--unfreeze', frozen]);
  /** Of all runs: what waits for the thaw, and cannot be killed. */
  const stuckProcesses = () =>
    execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^ *(\d+) D\S* +(.*mysql-ebs-snapshot.*)$/.exec(line))
      .filter((found) => found !== null)
      .map(([, pid = '', args]) => ({ pid, args }))
      .filter(({ pid }) => hasOpen(pid, frozen));
  /** Those of other hosts come and go meanwhile. */
  const hasOpen = (pid: string, path: string): boolean => {
    const folder = `/proc/${pid}/fd`;
    try {
      return readdirSync(folder).some((each) => readlinkSync(join(folder, each)) === path);
    } catch {
      return false;
    }
  };

  it('is told before the server is asked for a lock; the next run names what still waits, and adds nothing to it', async () => {
    freeze(host.mounts[0]);
    try {
      const first = await host.agent('snapshot');
      expectClear(first, 21, 'file-system-stuck', frozen);
      expect(first.result?.hint).toContain(`fsfreeze --unfreeze ${frozen}`);
      expect(first.result).not.toHaveProperty('stallMs');
      const [stuck, ...others] = stuckProcesses();
      expect(others).toEqual([]);
      expect(stuck).toMatchObject({ args: expect.stringMatching(/^unlink /) });
      expectClear(await host.agent('plan'), 21, 'file-system-stuck', `process ${stuck?.pid} (unlink ${frozen}/`);
      const second = await host.agent('snapshot', '--level', 'crash');
      expectClear(second, 21, 'file-system-stuck', `process ${stuck?.pid} (unlink ${frozen}/`);
      expect(stuckProcesses()).toEqual([stuck]);
    } finally {
      thawIt();
    }
    // A run that finds the last one still on its way out waits for it.
    expect(await host.agent('snapshot')).toMatchObject({ status: 0, result: { grade: 'application' } });
    expect(stuckProcesses()).toEqual([]);
  });

  it.each(['application', 'crash'])('is met on every mount, at level %s', async (level) => {
    freeze(host.mounts[1]);
    const run = await host.agent('snapshot', '--level', level).finally(thawIt);
    expectClear(run, 21, 'file-system-stuck', frozen);
  });

  it('is met by `plan` before it asks the server what would hang', async () => {
    freeze(host.mounts[0]);
    const run = await host.agent('plan').finally(thawIt);
    expectClear(run, 21, 'file-system-stuck', frozen);
  });
});

it('a plan beside a run does not take the freeze of that run for a stuck file system', async () => {
  using request = host.holdCalls('CreateSnapshots');
  const run = host.start('snapshot', '--freeze-timeout', '30', '--run-id', 'beside');
  await request.arrived();
  const plan = await host.agent('plan');
  request[Symbol.dispose]();
  expect((await run.ended).result).toMatchObject({ grade: 'application' });
  expect(plan.result?.code).not.toBe('file-system-stuck');
});

describe('what goes wrong in the window', () => {
  it('EC2 refuses: nothing was taken', async () => {
    host.aws.behave({
      faults: [{ kind: 'refuse', action: 'CreateSnapshots', code: 'ConcurrentSnapshotLimitExceeded' }],
    });
    const run = await host.agent('snapshot');
    expectClear(run, 34, 'create-refused', 'ConcurrentSnapshotLimitExceeded');
    expect(run.result).toMatchObject({ outcome: 'failed', stallMs: expect.any(Number) });
    expect(run.result).not.toHaveProperty('grade');
  });

  it.each(['error-after', 'drop-after'] as const)(
    'the work is done, the answer is lost (%s): looked up, and never called good',
    async (kind) => {
      host.aws.behave({ faults: [{ kind, action: 'CreateSnapshots' }] });
      const run = await host.agent('snapshot');
      expectClear(run, 52, 'outcome-unknown', '2 of 2 snapshots exist');
      expect(run.result).toMatchObject({ outcome: 'unsafe', grade: 'unproven' });
      expect(await host.gradesOf(run.result?.set)).toEqual(['unproven', 'unproven']);
    },
  );

  it('the API answers after ten seconds, the freeze lasts two: thawed, honest, and never called good', async () => {
    host.aws.behave({ latencyMs: { CreateSnapshots: 10_000 } });
    const run = host.start('snapshot', '--run-id', 'late', '--freeze-timeout', '2');
    await run.said('gave everything back');
    // EC2 does the work half-way: nothing is there yet, and nobody waits for it.
    expect(await host.snapshotsOf('late/i-0123456789abcdef0')).toEqual([]);
    expect(host.mounts.map(isFrozen)).toEqual([false, false]);

    const { status, result } = await run.ended;
    expect(status).toBe(52);
    expect(result).toMatchObject({ outcome: 'unsafe', code: 'outcome-unknown', frozenMs: expect.any(Number) });
    // EC2 does its work after five seconds: no longer frozen than that, or the set would have been taken in time.
    expect(result?.frozenMs).toBeGreaterThanOrEqual(2_000);
    expect(result?.frozenMs).toBeLessThan(5_000);
    await vi.waitFor(async () => expect(await host.snapshotsOf(result?.set)).toHaveLength(2), {
      timeout: 60_000,
      interval: 100,
    });
    expect(await host.gradesOf(result?.set)).toEqual(['unproven', 'unproven']);
  });

  it('the grade cannot be raised: the set stays unproven', async () => {
    host.aws.behave({ faults: [{ kind: 'refuse', action: 'CreateTags', code: 'UnauthorizedOperation', status: 403 }] });
    const run = await host.agent('snapshot');
    expectClear(run, 37, 'grade-unwritten', 'ec2:CreateTags');
    expect(run.result).toMatchObject({ outcome: 'failed', grade: 'unproven' });
  });

  it('the lock is lost: the set is graded broken', async () => {
    const run = await disturbedInTheWindow(killAgentsConnection);
    expectClear(run, 36, 'set-broken', 'lock still held');
    expect(await host.gradesOf(run.result?.set)).toEqual(['broken', 'broken']);
  });

  it('the lock is lost and the answer too: the set is found, and graded broken', async () => {
    host.aws.behave({ faults: [{ kind: 'drop-after', action: 'CreateSnapshots' }] });
    const run = await disturbedInTheWindow(killAgentsConnection);
    expectClear(run, 52, 'outcome-unknown', '2 of 2 snapshots exist, graded broken');
    expect(await host.gradesOf(run.result?.set)).toEqual(['broken', 'broken']);
  });

  it('EC2 takes half a set and says so: graded broken', async () => {
    host.aws.behave({ faults: [{ kind: 'half-set', action: 'CreateSnapshots' }] });
    const run = await host.agent('snapshot');
    expectClear(run, 36, 'set-broken', 'planned vol-');
    expect(await host.gradesOf(run.result?.set)).toEqual(['broken']);
  });

  it('EC2 takes half a set and the answer is lost: half is found, and never called good', async () => {
    host.aws.behave({ faults: [{ kind: 'half-set', action: 'CreateSnapshots', answered: false }] });
    const run = await host.agent('snapshot');
    expectClear(run, 52, 'outcome-unknown', '1 of 2 snapshots exist, graded unproven');
    expect(await host.gradesOf(run.result?.set)).toEqual(['unproven']);
  });

  it('something commits under a lock that was lost: the set is graded broken', async () => {
    const run = await disturbedInTheWindow(() => host.root.query('RESET MASTER'), '--freeze', 'never');
    expectClear(run, 36, 'set-broken', 'coordinates unmoved');
  });

  it('the agent is stopped: the guard thaws, the server drops the lock, and the set is never called good', async () => {
    using request = host.holdCalls('CreateSnapshots');
    const run = host.start('snapshot', '--run-id', 'stopped', '--freeze-timeout', '1');
    await request.arrived();
    process.kill(run.pid, 'SIGSTOP');
    // Waits for both: no longer than the guard's deadline (3 s) and wait_timeout (7 s).
    const [[row]] = await host.root.query<RowDataPacket[]>('SELECT @@GLOBAL.wait_timeout AS seconds');
    expect(row?.['seconds']).toBeGreaterThan(60);
    await host.root.query('CREATE OR REPLACE TABLE mysql.while_stopped (a INT) ENGINE=InnoDB');
    await host.root.query('INSERT INTO mysql.while_stopped VALUES (1)');
    expect(host.mounts.map(isFrozen)).toEqual([false, false]);
    process.kill(run.pid, 'SIGCONT');
    request[Symbol.dispose]();
    const { result } = await run.ended;
    expect(result).toMatchObject({ outcome: 'unsafe', code: 'outcome-unknown' });
    expect(await host.gradesOf(result?.set)).not.toContain('application');
  }, 30_000);

  it('a client that is gone leaves no long statement under the lock', async () => {
    const version = { flavour: 'mariadb', major: 10, minor: 11, patch: 0 } as const;
    const { session, bound, prepare, blockCommits } = planLock({ version } as ServerFacts, [], 7);
    const connection = await host.server.connect();
    connection.on('error', () => {});
    for (const statement of [...session(1), bound.idle, bound.statement(1), ...prepare, blockCommits]) {
      await connection.query(statement);
    }
    connection.query('SELECT SLEEP(600)').catch(() => {});
    await vi.waitFor(async () => {
      const [rows] = await host.root.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'");
      expect(rows).toHaveLength(1);
    });
    connection.destroy();
    // Waits for the statement bound (3 s), and ends the test by its timeout where there is none.
    await host.root.query('CREATE OR REPLACE TABLE mysql.while_stopped (a INT) ENGINE=InnoDB');
  }, 30_000);

  async function killAgentsConnection(): Promise<void> {
    const [rows] = await host.root.query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'ebs_snapshot'");
    await host.root.query(`KILL ${(rows as { ID: number }[])[0]?.ID}`);
  }

  /** Runs the agent until EC2 has the real request, which is when everything is locked and frozen. */
  async function disturbedInTheWindow(disturb: () => Promise<unknown>, ...options: string[]): Promise<AgentRun> {
    using request = host.holdCalls('CreateSnapshots');
    const run = host.start('snapshot', ...options);
    await request.arrived();
    await disturb();
    request[Symbol.dispose]();
    return run.ended;
  }
});

it('runs no line of a start-up file, although bash takes the socket on its stdin for a network connection', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mysql-ebs-snapshot-home-'));
  writeFileSync(join(home, '.bashrc'), `echo ran >>${home}/ran; exit 0\n`);
  const inOwnHome = `exec unshare --mount --propagation private sh -c 'mount --bind ${home} /root && exec "$@"' sh "$@"; :`;
  try {
    const { result } = await host.startAfter(inOwnHome, 'snapshot').ended;
    expect(result).toMatchObject({ outcome: 'done', grade: 'application' });
    expect(existsSync(join(home, 'ran'))).toBe(false);
  } finally {
    rmSync(home, { recursive: true });
  }
});

describe('thaw', () => {
  it('puts right what a run that died has left frozen, and only that; twice is as good as once', async () => {
    const [ours = '', theirs = ''] = host.mounts;
    writeFileSync(join(FREEZE_RECORDS, '4711.0'), ours);
    for (const mount of [ours, theirs]) execFileSync('fsfreeze', ['--freeze', mount]);
    // A log file on what is frozen must not keep the thaw waiting for itself.
    const run = await host.agent('thaw', '--log-file', `${ours}/thaw.log`);
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual({ v: 1, outcome: 'done', thawed: [ours] });
    expect([isFrozen(ours), isFrozen(theirs)]).toEqual([false, true]);
    execFileSync('fsfreeze', ['--unfreeze', theirs]);
    expect(readdirSync(FREEZE_RECORDS)).toEqual([]);
    expect(JSON.parse((await host.agent('thaw')).stdout)).toEqual({ v: 1, outcome: 'done', thawed: [] });
  });

  it('what a run that died has left frozen, the next run thaws first, says so, and is done', async () => {
    const [ours = ''] = host.mounts;
    writeFileSync(join(FREEZE_RECORDS, 'earlier.0'), ours);
    execFileSync('fsfreeze', ['--freeze', ours]);
    const { status, result, stderr } = await host.agent('snapshot');
    expect(status).toBe(0);
    expect(result).toMatchObject({ outcome: 'done', grade: 'application', warnings: ['left-frozen'] });
    expect(stderr).toContain(`an earlier run had left ${ours} frozen`);
  });
});
