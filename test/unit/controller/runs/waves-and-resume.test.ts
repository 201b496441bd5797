import { describe, expect, it } from 'vitest';
import type { SentCommand } from '../../../../src/controller/ports.ts';
import type { FleetRequest } from '../../../../src/controller/runs/request.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { TAG } from '../../../../src/shared/tags.ts';
import { FakeFleet, FakeSnapshots, host, memberOf, online, RUN, ran, running } from '../fakes.ts';
import { PARAMETERS, startRun } from './start-run.ts';

const byRole = { by: 'tags', tags: [{ key: 'Role', values: ['db'] }] } as const;
const failed = { v: 1, run: RUN, outcome: 'failed', code: 'lock-timeout', message: 'm', hint: 'h' } as const;

/** Hosts 1, 2 … of these clusters, all of them well. */
function fleetOf(...clusters: string[]): FakeFleet {
  const fleet = new FakeFleet();
  fleet.targeted = clusters.map((cluster, n) => ({ ...running(n + 1), tags: { Cluster: cluster } }));
  fleet.nodes = clusters.map((_, n) => online(n + 1));
  fleet.answers = clusters.map((_, n) => ran(n + 1));
  return fleet;
}

const start = (fleet: FakeFleet, more: Partial<FleetRequest> = {}, snapshots?: FakeSnapshots) =>
  startRun(fleet, { scope: byRole, ...more }, snapshots && { snapshots });

const sentTo = (fleet: FakeFleet) => fleet.sent.map(({ scope }) => (scope.by === 'ids' ? scope.ids : scope.by));
const outcomes = async (report: ReturnType<typeof start>['report']) =>
  (await report).hosts.map(({ result }) => result.code ?? result.outcome);

describe('waves', () => {
  const waves = { key: 'Cluster', prefer: undefined };

  it('sends a wave when the one before it has ended', async () => {
    const fleet = fleetOf('a', 'a', 'b');
    const { report, events } = start(fleet, { waves });
    expect(await outcomes(report)).toEqual(['done', 'done', 'done']);
    expect(sentTo(fleet)).toEqual([[host(1), host(3)], [host(2)]]);
    const story = events
      .map(({ type }) => type)
      .filter((type) => ['wave-started', 'command-sent', 'progress'].includes(type));
    expect(story).toEqual(['wave-started', 'command-sent', 'progress', 'wave-started', 'command-sent', 'progress']);
  });

  it('halts after the first in which a host is not done, and says of the others that they were not begun', async () => {
    const fleet = fleetOf('a', 'a', 'b');
    fleet.answers[2] = ran(3, failed, { status: 'Failed' });
    const { report, events } = start(fleet, { waves });
    expect(await outcomes(report)).toEqual(['done', 'host-missing', 'lock-timeout']);
    expect((await report).hosts[1]?.result.message).toBe('not begun: a host of wave 1 was not done');
    expect(sentTo(fleet)).toEqual([[host(1), host(3)]]);
    expect(events).toContainEqual({ type: 'halted', wave: 1, waves: 2, hosts: 1 });
  });

  it('halts where a command of a wave could not be sent', async () => {
    const fleet = fleetOf(...Array.from({ length: 60 }, (_, n) => `c${n}`), 'c1');
    fleet.answerTo = (n) => {
      if (n === 2) throw new RunError('no-permission', 'AWS denies ssm:SendCommand');
      return { kind: 'sent', commandId: `command-${n}` };
    };
    const codes = await outcomes(start(fleet, { waves }).report);
    expect(codes.filter((code) => code === 'done')).toHaveLength(50);
    expect(fleet.sent).toHaveLength(2);
  });

  it('does not take a later wave for untouched hosts when a command of it cannot be sent', async () => {
    const fleet = fleetOf('a', 'a');
    fleet.answerTo = (n) => {
      if (n === 2) throw new RunError('no-credentials', 'expired');
      return { kind: 'sent', commandId: `command-${n}` };
    };
    expect(await outcomes(start(fleet, { waves }).report)).toEqual(['done', 'host-missing']);
  });
});

describe('between waves', () => {
  const waves = { key: 'Cluster', prefer: undefined };

  it('nothing goes out by tags: who comes back meanwhile would work beside another of its cluster', async () => {
    const fleet = fleetOf('a', 'a', 'b');
    fleet.nodes = [online(1), { ...online(2), ping: 'ConnectionLost' }, online(3)];
    await start(fleet, { waves }).report;
    expect(sentTo(fleet)).toEqual([[host(1), host(3)]]);
  });

  it('a host that has gone since is left out by name, and takes no other with it', async () => {
    const fleet = fleetOf('a', 'a', 'b', 'b');
    fleet.answerTo = (n) => {
      fleet.nodes = fleet.nodes.filter(({ instanceId }) => instanceId !== host(2));
      return { kind: 'sent', commandId: `command-${n}` };
    };
    const codes = await outcomes(start(fleet, { waves }).report);
    expect(codes).toEqual(['done', 'host-missing', 'done', 'done']);
    expect(sentTo(fleet)).toEqual([[host(1), host(3)], [host(4)]]);
  });

  it('a host whose end was never shown halts the run', async () => {
    const fleet = fleetOf('a', 'a', 'b');
    fleet.answers = fleet.answers.filter(({ instanceId }) => instanceId !== host(3));
    await start(fleet, { waves }).report;
    expect(sentTo(fleet)).toEqual([[host(1), host(3)]]);
  });

  it('somebody else who goes on with the same run is noticed, and nothing more is sent', async () => {
    const fleet = fleetOf('a', 'a');
    fleet.answerTo = (n) => {
      fleet.found = [{ commandId: 'a-stranger', sentAt: new Date(), parameters: PARAMETERS, scope: byRole }];
      return { kind: 'sent', commandId: `command-${n}` };
    };
    await expect(start(fleet, { waves }).report).rejects.toMatchObject({
      code: 'outcome-unknown',
      message: expect.stringContaining('somebody else goes on with run nightly-1: command a-stranger'),
    });
    expect(fleet.sent).toHaveLength(1);
  });
});

describe('too many failures', () => {
  it('stop the sending of further commands', async () => {
    const fleet = fleetOf(...Array.from({ length: 120 }, () => 'a'));
    fleet.answers = fleet.answers.map((answer, n) => (n < 3 ? ran(n + 1, failed, { status: 'Failed' }) : answer));
    const codes = await outcomes(
      start(fleet, { scope: { by: 'ids', ids: fleet.targeted.map((each) => each.instanceId) }, maxErrors: '2' }).report,
    );
    expect(fleet.sent).toHaveLength(1);
    expect(codes.filter((code) => code === 'host-missing')).toHaveLength(70);
  });
});

describe('a run that is gone on with', () => {
  const command = (more: Partial<SentCommand> = {}): SentCommand => ({
    commandId: 'command-before',
    sentAt: new Date('2026-11-22T02:50:00Z'),
    parameters: PARAMETERS,
    scope: byRole,
    ...more,
  });

  it('does nobody again who is done, has any snapshot of the run, or needs a person; but who failed and was undone', async () => {
    const fleet = fleetOf('a', 'b', 'c', 'd', 'e');
    fleet.found = [command()];
    const unsafe = { v: 1, run: RUN, outcome: 'unsafe', code: 'thaw-failed' } as const;
    fleet.answers = [
      ran(1),
      ran(2, failed, { status: 'Failed' }),
      ran(3, unsafe, { status: 'Failed' }),
      ran(4, failed, { status: 'Failed' }),
    ];
    const snapshots = new FakeSnapshots(() => [memberOf(1), memberOf(4, {}, { [TAG.grade]: 'broken' }), ...taken]);
    const taken: ReturnType<typeof memberOf>[] = [];
    fleet.answerTo = () => {
      fleet.answers = fleet.answers.map((answer, n) => ([1, 4].includes(n) ? ran(n + 1) : answer)).concat(ran(5));
      taken.push(memberOf(2), memberOf(5));
      return { kind: 'sent', commandId: 'command-1' };
    };
    const { report } = start(fleet, { begins: 'resume' }, snapshots);
    expect(await outcomes(report)).toEqual(['done', 'done', 'thaw-failed', 'lock-timeout', 'done']);
    expect(sentTo(fleet)).toEqual([[host(2), host(5)]]);
  });

  it('waits for what is still under way before it begins anything, and leaves the cluster of an unsafe host alone', async () => {
    const fleet = fleetOf('a', 'a', 'b');
    fleet.found = [command()];
    fleet.polls = 3;
    fleet.answers = [ran(1, 'Killed', { status: 'Failed' })];
    const waves = { key: 'Cluster', prefer: undefined };
    const snapshots = new FakeSnapshots(() => (fleet.sent.length > 0 ? [memberOf(3)] : []));
    fleet.answerTo = () => {
      fleet.answers.push(ran(3));
      return { kind: 'sent', commandId: 'command-1' };
    };
    const { report, events } = start(fleet, { begins: 'resume', waves }, snapshots);
    expect(await outcomes(report)).toEqual(['outcome-unknown', 'host-missing', 'done']);
    expect(sentTo(fleet)).toEqual([[host(3)]]);
    const story = events
      .map(({ type }) => type)
      .filter((type) => ['resuming', 'progress', 'command-sent'].includes(type));
    expect(story.slice(0, 5)).toEqual(['resuming', 'progress', 'progress', 'progress', 'command-sent']);
  });

  it('does nobody again who says that it is done, though EC2 does not show its set yet', async () => {
    const fleet = fleetOf('a');
    fleet.found = [command()];
    const { report } = start(fleet, { begins: 'resume' }, new FakeSnapshots(() => []));
    expect(await outcomes(report)).toEqual(['member-failed']);
    expect(fleet.sent).toEqual([]);
  });

  it('takes no command of before for the one whose answer was lost', async () => {
    const fleet = fleetOf('a');
    fleet.answers = [ran(1, failed, { status: 'Failed' })];
    fleet.found = [command({ scope: { by: 'ids', ids: [host(1)] } })];
    fleet.answerTo = () => ({ kind: 'unknown', message: 'socket hang up' });
    expect(await outcomes(start(fleet, { begins: 'resume' }).report)).toEqual(['outcome-unknown']);
  });

  it('leaves the cluster of an unsafe host alone, though that is no target any more', async () => {
    const fleet = fleetOf('a');
    fleet.found = [command()];
    fleet.answers = [ran(9, 'Killed', { status: 'Failed' })];
    const known = { ...running(9), tags: { Cluster: 'a' } };
    const { instances } = fleet;
    fleet.instances = async (scope) => (scope.by === 'ids' ? [known] : instances.call(fleet, scope));
    const { report } = start(fleet, { begins: 'resume', waves: { key: 'Cluster', prefer: undefined } });
    await report;
    expect(fleet.sent).toEqual([]);
  });

  it('takes back what hosts that are out of reach have not taken', async () => {
    const fleet = fleetOf('a', 'b');
    fleet.nodes = [online(1), { ...online(2), ping: 'ConnectionLost' }];
    fleet.found = [command()];
    fleet.polls = 50;
    fleet.answers = [ran(1), ran(2, '', { status: 'Delayed', ended: false, began: false, exitStatus: undefined })];
    const { report, events } = start(fleet, { begins: 'resume' });
    await report;
    expect(events).toContainEqual({ type: 'taking-back', commandId: 'command-before', hosts: 1 });
  });

  it('has nothing left to do where all was done', async () => {
    const fleet = fleetOf('a', 'b');
    fleet.found = [command()];
    const { report } = start(fleet, { begins: 'resume' });
    expect(await outcomes(report)).toEqual(['done', 'done']);
    expect(fleet.sent).toEqual([]);
  });

  it.each([
    ['nothing is known of it', 'resume', [], /^nothing is known of a run nightly-1$/],
    [
      'it was begun otherwise',
      'resume',
      [command({ parameters: { ...PARAMETERS, Level: 'crash' } })],
      /with Level=crash, not without Level$/,
    ],
    ['a new one is there already', 'named', [command()], /^there is a run nightly-1 already$/],
  ] as const)('is refused where %s', async (_what, begins, found, message) => {
    const fleet = fleetOf('a');
    fleet.found = [...found];
    await expect(start(fleet, { begins }).report).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
    expect(fleet.sent).toEqual([]);
  });

  it('is another one than a plan of the same name', async () => {
    const fleet = fleetOf('a');
    fleet.found = [command({ parameters: { ...PARAMETERS, Operation: 'plan' } })];
    expect(await outcomes(start(fleet, { begins: 'named' }).report)).toEqual(['done']);
  });
});

describe('a large fleet', () => {
  const large = () => {
    const fleet = fleetOf(...Array.from({ length: 600 }, (_, n) => `c${n}`));
    fleet.answers[1] = ran(2, failed, { status: 'Failed' });
    fleet.answers[2] = ran(3, '', { status: 'ExecutionTimedOut', exitStatus: undefined });
    fleet.invocations = async () => {
      throw new Error('nobody lists 600 invocations');
    };
    fleet.invocationsIn = async (statuses) => (statuses.includes('Failed') ? fleet.answers.slice(1, 3) : []);
    return fleet;
  };

  it('of a plan is read in full: there are no sets to tell of it', async () => {
    const fleet = fleetOf(...Array.from({ length: 600 }, (_, n) => `c${n}`));
    const codes = await outcomes(start(fleet, { operation: 'plan' }).report);
    expect(codes.filter((code) => code === 'done')).toHaveLength(600);
  });

  it('is told by who is no success, and by the tags of the sets', async () => {
    const fleet = large();
    const { hosts } = await start(fleet).report;
    expect(hosts).toHaveLength(600);
    expect(hosts.filter(({ result }) => result.outcome === 'done')).toHaveLength(598);
    expect(hosts.slice(1, 3).map(({ result }) => result.code)).toEqual(['lock-timeout', 'outcome-unknown']);
  });

  it('names who is neither, after EC2 was asked again for those alone', async () => {
    const fleet = large();
    const snapshots = new FakeSnapshots(() => fleet.sets().filter(({ tags }) => tags[TAG.instance] !== host(600)));
    const { hosts } = await start(fleet, {}, snapshots).report;
    expect(hosts[599]?.result.code).toBe('host-missing');
    expect(snapshots.asked).toEqual([
      { by: 'run', run: RUN },
      ...[1, 2].map(() => ({ by: 'run', run: RUN, only: [host(600)] })),
    ]);
  });
});

describe('the sets of a run', () => {
  it('are waited for until EBS has completed them, where that was asked for', async () => {
    const fleet = fleetOf('a');
    const snapshots = new FakeSnapshots(() => fleet.sets());
    snapshots.left = [2, 1, 0];
    const { report, events } = start(fleet, { until: 'completed' }, snapshots);
    expect((await report).ending).toBe('done');
    expect(events.filter(({ type }) => type === 'completing')).toEqual(
      [2, 1, 0].map((pending) => ({ type: 'completing', pending })),
    );
  });

  it('that were not shown yet when nothing was left to complete are waited for as well', async () => {
    const fleet = fleetOf('a');
    let looks = 0;
    const snapshots = new FakeSnapshots(() => [memberOf(1, { state: ++looks === 1 ? 'pending' : 'completed' })]);
    const { hosts } = await start(fleet, { until: 'completed' }, snapshots).report;
    expect(hosts[0]?.state).toBe('complete');
  });

  it('that EBS fails are reported, whatever the host has said', async () => {
    const fleet = fleetOf('a', 'b');
    const snapshots = new FakeSnapshots(() => [memberOf(1, { state: 'error' }), memberOf(2, { state: 'pending' })]);
    const { report } = start(fleet, {}, snapshots);
    expect(await outcomes(report)).toEqual(['member-failed', 'done']);
    expect((await report).hosts.map(({ state }) => state)).toEqual(['failed', 'pending']);
  });

  it('that nothing but their own tags gives to a host count for nothing', async () => {
    const fleet = fleetOf('a');
    const forged = new FakeSnapshots(() => [memberOf(1, {}, { [TAG.owner]: `AROA:${host(9)}` })]);
    expect(await outcomes(start(fleet, {}, forged).report)).toEqual(['member-failed']);
  });

  it('may stay unseen: the words of the hosts are not lost for that', async () => {
    const fleet = fleetOf('a');
    const snapshots = new FakeSnapshots(() => {
      throw new RunError('no-permission', 'AWS denies ec2:DescribeSnapshots');
    });
    const { report, events } = start(fleet, {}, snapshots);
    expect(await outcomes(report)).toEqual(['done']);
    expect(events).toContainEqual({ type: 'warned', message: expect.stringContaining('ec2:DescribeSnapshots') });
  });
});
