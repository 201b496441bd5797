import { describe, expect, it } from 'vitest';
import type { Invocation, Scope } from '../../../../src/controller/ports.ts';
import { RunError } from '../../../../src/shared/errors.ts';
import { FakeFleet, fakeClock, host, online, RUN, ran, running } from '../fakes.ts';
import { ours, type StartOptions, startRun } from './start-run.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n + 1);
const ids = (count: number): Scope => ({ by: 'ids', ids: numbers(count).map(host) });
const byRole: Scope = { by: 'tags', tags: [{ key: 'Role', values: ['db'] }] };

/** A fleet of `count` hosts that all answer well. */
function fleetOf(count: number): FakeFleet {
  const fleet = new FakeFleet();
  fleet.targeted = numbers(count).map((n) => running(n));
  fleet.nodes = numbers(count).map(online);
  fleet.answers = numbers(count).map((n) => ran(n));
  return fleet;
}

const start = (fleet: FakeFleet, scope: Scope, options: StartOptions = {}) =>
  startRun(fleet, { scope, maxConcurrency: '10%' }, options);

describe('a run over the fleet', () => {
  it('pins the document, sends once, and reports every host', async () => {
    const fleet = fleetOf(2);
    const { report } = start(fleet, ids(2));
    expect(await report).toMatchObject({ ending: 'done', hosts: [{ instance: host(1) }, { instance: host(2) }] });
    expect(fleet.sent).toEqual([
      {
        document: { name: ours.name, version: '7', sha256: ours.sha256 },
        scope: ids(2),
        parameters: { Operation: 'snapshot', RunId: RUN },
        comment: 'c',
        maxConcurrency: '10%',
        maxErrors: '100%',
        deliverySeconds: 600,
      },
    ]);
  });

  it('sends more than 50 ids as several commands and collects them all', async () => {
    const fleet = fleetOf(120);
    const { hosts } = await start(fleet, ids(120)).report;
    expect(fleet.sent).toHaveLength(3);
    expect(hosts.filter(({ result }) => result.outcome === 'done')).toHaveLength(120);
  });

  it('reports the hosts of a command that cannot be sent any more, and waits for the others', async () => {
    const fleet = fleetOf(60);
    fleet.answerTo = (n) => {
      if (n === 2) throw new RunError('no-permission', 'AWS denies ssm:SendCommand');
      return { kind: 'sent', commandId: `command-${n}` };
    };
    const { ending, hosts } = await start(fleet, ids(60)).report;
    expect(ending).toBe('host-missing');
    expect(hosts.filter(({ result }) => result.outcome === 'done')).toHaveLength(50);
    expect(hosts[59]?.result.message).toBe('AWS denies ssm:SendCommand');
  });

  it('does not take hosts for untouched whose command may have been accepted', async () => {
    const fleet = fleetOf(60);
    fleet.answerTo = (n) =>
      n === 2 ? { kind: 'unknown', message: 'socket hang up' } : { kind: 'sent', commandId: `command-${n}` };
    const { ending, hosts } = await start(fleet, ids(60)).report;
    expect([ending, hosts[59]?.result.code]).toEqual(['host-unsafe', 'outcome-unknown']);
  });

  it('does not look like a refusal when the hosts cannot be watched any more', async () => {
    const fleet = fleetOf(1);
    fleet.progress = async () => {
      throw new RunError('no-credentials', 'the session has expired');
    };
    await expect(start(fleet, ids(1)).report).rejects.toMatchObject({
      code: 'outcome-unknown',
      message: 'the run is under way, but cannot be watched any more: the session has expired',
      hint: expect.stringContaining('command-1'),
    });
  });

  it('sends nothing where an instance is unknown', async () => {
    const fleet = fleetOf(1);
    await expect(start(fleet, ids(2)).report).rejects.toMatchObject({
      code: 'no-target',
      message: expect.stringContaining(host(2)),
    });
    expect(fleet.sent).toEqual([]);
  });

  it('sends nothing where no instance carries the tags', async () => {
    const fleet = fleetOf(0);
    await expect(start(fleet, byRole).report).rejects.toMatchObject({
      code: 'no-target',
      message: 'no instance in this account and Region carries tag:Role=db',
    });
    expect(fleet.sent).toEqual([]);
  });

  it('runs on those that can be reached and names the others', async () => {
    const fleet = fleetOf(3);
    fleet.nodes = [online(1), { ...online(3), ping: 'Inactive' }];
    const { report, events } = start(fleet, ids(3));
    const { ending, hosts } = await report;
    expect(ending).toBe('host-missing');
    expect(hosts.map(({ result }) => result.code ?? 'done')).toEqual(['done', 'host-missing', 'host-missing']);
    expect(fleet.sent.map(({ scope }) => scope)).toEqual([ids(1)]);
    expect(events.filter(({ type }) => type === 'host-left-out')).toHaveLength(2);
  });

  it('reports a fleet of which nobody can be reached without sending', async () => {
    const fleet = fleetOf(2);
    fleet.nodes = [];
    expect(await start(fleet, byRole).report).toMatchObject({ ending: 'host-missing' });
    expect(fleet.sent).toEqual([]);
  });

  describe('by tag, with a host that is out of reach', () => {
    const undelivered = { ended: false, began: false, exitStatus: undefined };
    /** Host 1 has done its part, host 2 is offline; the command ends at a cancel or after 50 polls. */
    const halfReachable = (second: Partial<Invocation>) => {
      const fleet = fleetOf(2);
      fleet.nodes = [online(1), { ...online(2), ping: 'ConnectionLost' }];
      fleet.polls = 50;
      fleet.answers = [ran(1), ran(2, '', { ...undelivered, ...second })];
      fleet.atCancel = () => {
        fleet.answers = [ran(1), ran(2, '', { ...undelivered, ended: true, status: 'Cancelled' })];
      };
      return fleet;
    };

    it.each(['Pending', 'Delayed'])('takes the command back when only that host is left (%s)', async (status) => {
      const fleet = halfReachable({ status });
      const { report, events } = start(fleet, byRole);
      const { ending, hosts } = await report;
      expect(fleet.sent.map(({ scope }) => scope)).toEqual([byRole]);
      expect(fleet.cancelled).toEqual(['command-1']);
      expect(events).toContainEqual({ type: 'taking-back', commandId: 'command-1', hosts: 1 });
      expect(ending).toBe('host-missing');
      expect(hosts[1]?.result.message).toBe('the SSM Agent of the instance is offline (ConnectionLost)');
    });

    it('lets it work where it has come back', async () => {
      const fleet = halfReachable({ status: 'InProgress', began: true });
      await start(fleet, byRole).report;
      expect(fleet.cancelled).toEqual([]);
    });

    it('waits for the hosts within reach', async () => {
      const fleet = halfReachable({ status: 'Delayed' });
      fleet.answers = [ran(1, '', { ...undelivered, status: 'Pending' }), ran(2)];
      await start(fleet, byRole).report;
      expect(fleet.cancelled).toEqual([]);
    });

    it('waits while Systems Manager does not show every host yet', async () => {
      const fleet = halfReachable({ status: 'Delayed' });
      const { progress } = fleet;
      fleet.progress = async (ids) =>
        new Map(
          [...(await progress.call(fleet, ids))].map(([id, shown]) => [id, { ...shown, targets: shown.targets + 1 }]),
        );
      await start(fleet, byRole).report;
      expect(fleet.cancelled).toEqual([]);
    });

    it('says so where the command cannot be taken back, tries once, and waits', async () => {
      const fleet = halfReachable({ status: 'Delayed' });
      const tried: string[] = [];
      fleet.cancel = async (id) => {
        tried.push(id);
        throw new RunError('no-permission', 'AWS denies ssm:CancelCommand');
      };
      const { report, events } = start(fleet, byRole);
      await report;
      expect(tried).toEqual(['command-1']);
      expect(events).toContainEqual({ type: 'warned', message: expect.stringContaining('ssm:CancelCommand') });
    });
  });

  it('polls less and less often', async () => {
    const fleet = fleetOf(1);
    fleet.polls = 12;
    const clock = fakeClock();
    await start(fleet, ids(1), { clock }).report;
    expect(clock.slept).toHaveLength(11);
    expect(clock.slept).toEqual([...clock.slept].sort((a, b) => a - b));
    expect(clock.slept.at(-1)).toBe(15_000);
  });

  it('cancels its commands once, waits for their end and reports what became of the hosts', async () => {
    const fleet = fleetOf(2);
    fleet.polls = 1000;
    fleet.pollsToCancel = 3;
    fleet.endStatus = 'Cancelled';
    fleet.answers = [ran(1), ran(2, '', { status: 'Cancelled', began: false, exitStatus: undefined })];
    const cancel = new AbortController();
    const clock = fakeClock((slept) => {
      if (slept === 3) cancel.abort();
    });
    const { report, events } = start(fleet, ids(2), { cancel: cancel.signal, clock });
    expect(await report).toMatchObject({
      ending: 'cancelled',
      outcome: 'failed',
      hosts: [
        { result: { outcome: 'done' } },
        { result: { code: 'host-missing', message: expect.stringContaining('Cancelled') } },
      ],
    });
    expect(fleet.cancelled).toEqual(['command-1']);
    expect(events.filter(({ type }) => type === 'cancelling')).toHaveLength(1);
  });

  it('does not say of a host that was at work at the cancel that everything is undone there', async () => {
    const fleet = fleetOf(2);
    fleet.polls = 1000;
    const cut = { began: false, exitStatus: undefined };
    fleet.answers = [
      ran(1, '', { ...cut, status: 'InProgress', ended: false }),
      ran(2, '', { ...cut, status: 'Pending' }),
    ];
    fleet.atCancel = () => {
      fleet.answers = [1, 2].map((n) => ran(n, '', { ...cut, status: 'Cancelled' }));
    };
    const cancel = new AbortController();
    const clock = fakeClock(() => cancel.abort());
    expect(await start(fleet, ids(2), { cancel: cancel.signal, clock }).report).toMatchObject({
      ending: 'host-unsafe',
      hosts: [{ result: { code: 'outcome-unknown' } }, { result: { code: 'host-missing' } }],
    });
  });

  it('sends nothing after a cancel', async () => {
    const fleet = fleetOf(2);
    const { report } = start(fleet, ids(2), { cancel: AbortSignal.abort() });
    expect(await report).toMatchObject({ ending: 'cancelled' });
    expect(fleet.sent).toEqual([]);
  });

  describe('after an unclear answer to SendCommand', () => {
    const sent = { sentAt: new Date(), parameters: { Operation: 'snapshot', RunId: RUN }, scope: ids(1) };
    const unclear = () => {
      const fleet = fleetOf(1);
      fleet.answerTo = () => ({ kind: 'unknown', message: 'socket hang up' });
      return fleet;
    };

    it('finds the command by run and targets, and does not send again', async () => {
      const fleet = unclear();
      fleet.found = [
        { ...sent, commandId: 'command-9', parameters: { RunId: 'another' } },
        { ...sent, commandId: 'command-8', scope: ids(2) },
        { ...sent, commandId: 'command-1' },
      ];
      const { report, events } = start(fleet, ids(1));
      expect(await report).toMatchObject({ ending: 'done' });
      expect(events).toContainEqual({ type: 'command-sent', commandId: 'command-1', hosts: 1 });
      expect(fleet.sent).toHaveLength(1);
    });

    it('says that it does not know where the command is not found, and does not send again', async () => {
      const fleet = unclear();
      await expect(start(fleet, ids(1)).report).rejects.toMatchObject({
        code: 'outcome-unknown',
        message: expect.stringContaining('socket hang up'),
        hint: expect.stringContaining(RUN),
      });
      expect(fleet.sent).toHaveLength(1);
    });
  });
});
