import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FREEZE_RECORDS } from '../../src/agent/state-paths.ts';
import { decodeResult } from '../../src/shared/result.ts';
import { BINLOG_DM, type DatabaseGuest, databaseGuest, WINDOW_SECONDS } from './database-guest.ts';

/** How long an event is waited for: the emulated machine is many times slower than a real one. */
const PATIENCE = { timeout: 180_000, interval: 200 };

let host: DatabaseGuest;
beforeAll(async () => {
  host = await databaseGuest();
});
afterAll(() => host?.[Symbol.asyncDispose]());

const run = (...argv: string[]) => host.guest.run(argv);
const lines = (text: string) => text.split('\n').filter(Boolean);
const property = (unit: string, name: string) => run('systemctl', 'show', `--property=${name}`, '--value', unit);

async function guardUnits(): Promise<readonly (string | undefined)[]> {
  const units = await run('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'mysql-ebs-snapshot*');
  return lines(units).map((line) => line.split(' ')[0]);
}

/** Only freezing tells whether a file system is frozen. Leaves it as it was. */
async function isFrozen(mount: string): Promise<boolean> {
  const { status, stderr } = await host.guest.finish(['fsfreeze', '--freeze', mount]);
  if (status === 0) await run('fsfreeze', '--unfreeze', mount);
  else expect(stderr).toContain('Device or resource busy');
  return status !== 0;
}

const frozen = async () => [await isFrozen('/data'), await isFrozen('/binlog')];

async function expectHostWhole(): Promise<void> {
  expect(await frozen()).toEqual([false, false]);
  expect(await run('find', FREEZE_RECORDS, '-type', 'f')).toBe('');
  expect(await host.guest.finish(['pgrep', '--full', 'mysql-ebs-snapshot'])).toMatchObject({ status: 1 });
  const before = await host.committed();
  await vi.waitFor(async () => expect(await host.committed()).toBeGreaterThan(before), PATIENCE);
  await host.sql('CREATE OR REPLACE TABLE shop.nothing_is_locked (a INT)');
}

/** The guard is the last to go. */
const untilGuardHasEnded = () => vi.waitFor(async () => expect(await guardUnits()).toEqual([]), PATIENCE);

/** By the guest's clock, in seconds of the epoch: each file system's record is written right before it is frozen. */
async function frozenSince(): Promise<number> {
  const times = lines(await run('find', FREEZE_RECORDS, '-type', 'f', '-printf', '%T@\\n')).map(Number);
  expect(times).toHaveLength(host.mounts.length);
  return Math.min(...times);
}

const secondsSince = async (time: number) => Number(await run('date', '+%s.%N')) - time;

async function expectSnapshotDone(name: string): Promise<void> {
  const { status, stdout, stderr } = await host.agent(name, 'snapshot', '--run-id', name);
  expect({ status, result: decodeResult(stdout.trim()), stderr }).toMatchObject({
    status: 0,
    result: { outcome: 'done', grade: 'application', members: 2 },
  });
  expect(await host.gradesOf(name)).toEqual(['application', 'application']);
}

describe('on a machine that systemd runs', () => {
  it('a run ends done, and leaves nothing behind', async () => {
    await expectSnapshotDone('plain');
    expect(await guardUnits()).toEqual([]);
    await expectHostWhole();
  });

  it('the guard lives in a unit of its own, out of reach of the out-of-memory killer', async () => {
    const window = await host.openWindow('watched');
    const [unit = '(none)', ...others] = await guardUnits();
    expect(others).toEqual([]);
    const group = await property(unit, 'ControlGroup');
    expect(group).not.toBe(await property('watched', 'ControlGroup'));
    const processes = lines(await run('cat', `/sys/fs/cgroup${group}/cgroup.procs`));
    expect(processes).toContain(await property(unit, 'MainPID'));
    for (const pid of processes) expect(await run('cat', `/proc/${pid}/oom_score_adj`)).toBe('-1000');
    expect(await frozen()).toEqual([true, true]);

    window.answer();
    await untilGuardHasEnded();
    await vi.waitFor(
      async () => expect(await host.gradesOf('watched')).toEqual(['application', 'application']),
      PATIENCE,
    );
    await expectHostWhole();
  });

  it.each([
    ['systemctl kill', 'killed', () => run('systemctl', 'kill', '--signal=SIGKILL', 'killed')],
    [
      'cgroup.kill',
      'wiped-out',
      async () => {
        const group = await property('wiped-out', 'ControlGroup');
        await run('bash', '-c', `echo 1 >/sys/fs/cgroup${group}/cgroup.kill`);
      },
    ],
  ])(
    'a kill of the whole cgroup of the caller in the window (%s) leaves the host whole',
    async (_how, caller, kill) => {
      const window = await host.openWindow(caller);
      expect(await frozen()).toEqual([true, true]);
      const since = await frozenSince();
      await kill();
      await untilGuardHasEnded();
      // Not by its own deadline.
      expect(await secondsSince(since)).toBeLessThan(WINDOW_SECONDS);
      await expectHostWhole();

      // EC2 has the request, and does not notice that nobody waits for its answer any more.
      window.answer();
      await vi.waitFor(async () => expect(await host.gradesOf(caller)).toEqual(['unproven', 'unproven']), PATIENCE);
      await expectSnapshotDone(`after-${caller}`);
    },
  );

  it('a stop of the unit of the caller in the window lets the run end in order', async () => {
    const window = await host.openWindow('stopped');
    await run('systemctl', 'stop', '--no-block', 'stopped');
    await vi.waitFor(async () => expect(await property('stopped', 'SubState')).toBe('stop-sigterm'), PATIENCE);
    expect(await frozen()).toEqual([true, true]);
    window.answer();
    await vi.waitFor(
      async () => expect(await host.gradesOf('stopped')).toEqual(['application', 'application']),
      PATIENCE,
    );
    await untilGuardHasEnded();
    await expectHostWhole();
  });

  it('systemd does not kill a guard that waits for a stalled device, however long that takes', async () => {
    await killSoonAfterStop();
    await stallWhileFreezing();
    const { status, stdout } = await host.agent('stalled', 'snapshot', '--freeze-timeout', '3');
    expect({ status, result: decodeResult(stdout.trim()) }).toMatchObject({
      status: 51,
      result: { outcome: 'unsafe', code: 'freeze-unknown' },
    });
    await vi.waitFor(async () => {
      const journal = await run('journalctl', '--unit=mysql-ebs-snapshot-guard-*', '--no-pager');
      expect(journal).toContain("State 'final-sigterm' timed out");
    }, PATIENCE);

    await run('rm', '/usr/local/sbin/fsfreeze');
    await run('dmsetup', 'resume', BINLOG_DM);
    await vi.waitFor(async () => expect(await run('find', FREEZE_RECORDS, '-type', 'f')).toBe(''), PATIENCE);
    await expectHostWhole();
  });
});

/** systemd kills what is left of a stopped unit after 90 seconds; here after two. */
async function killSoonAfterStop(): Promise<void> {
  await host.guest.install('/etc/systemd/system.conf.d/stop.conf', '[Manager]\nDefaultTimeoutStopSec=2s\n', '644');
  await run('systemctl', 'daemon-reload');
}

/**
 * The agent and the guard find this one first: the device stalls right before its file system is frozen. The guard
 * names a file system by the descriptor that it holds.
 */
async function stallWhileFreezing(): Promise<void> {
  const program = [
    '#!/bin/bash',
    `[[ $1 == --freeze && $(readlink "$2") == /binlog ]] && dmsetup suspend --noflush --nolockfs ${BINLOG_DM}`,
    'exec /usr/sbin/fsfreeze "$@"',
  ];
  await host.guest.install('/usr/local/sbin/fsfreeze', `${program.join('\n')}\n`, '755');
}
