import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import operatorPolicy from '../../../iam/operator.json' with { type: 'json' };
import { type FleetLab, startFleetLab } from './fleet-lab.ts';

// The hosts need mount namespaces of their own.
describe.runIf(process.getuid?.() === 0)('the controller over a fleet', () => {
  let lab: FleetLab;
  beforeEach(async () => {
    lab = await startFleetLab();
    expect((await lab.run(['documents', 'install'], { as: 'installer' })).status).toBe(0);
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  it('takes a set on every host under one run id and prints a table', async () => {
    const [one, two] = [await lab.addHost(1, 'good'), await lab.addHost(2, 'good')];
    lab.aws.behave({ snapshotCompletionMs: 60_000 });
    const { status, stdout, stderr } = await lab.run([
      'snapshot',
      '--instance-ids',
      `${one.instanceId},${two.instanceId}`,
      '--run-id',
      'nightly-1',
      '--tag',
      'Cost center=a b',
      '--lock-timeout',
      '5',
    ]);
    expect([status, stdout.split('\n').map((line) => line.replace(/ +/g, ' '))]).toEqual([
      0,
      [
        'INSTANCE NAME OUTCOME GRADE EBS MEMBERS STALL FROZEN BINLOG',
        `${one.instanceId} db1 done application pending 2 312 ms 251 ms binlog.000042:1234`,
        `${two.instanceId} db2 done application pending 2 312 ms 251 ms binlog.000042:1234`,
        '',
        'run nightly-1: 2 of 2 hosts done',
        '',
      ],
    ]);
    expect(stderr).toContain('2 of 2 hosts ended');
    for (const host of [one, two]) {
      const [argv, ...more] = await host.ran();
      expect(more).toEqual([]);
      expect(argv?.join('|')).toContain('snapshot|--json|');
      expect(argv?.join('|')).toContain('|--lock-timeout|5|');
      expect(argv?.slice(-4)).toEqual(['--run-id', 'nightly-1', '--tag', 'Cost center=a b']);
    }
  });

  it('pins the version and the hash of its own document', async () => {
    const host = await lab.addHost(1, 'good');
    await lab.run(['plan', '--instance-ids', host.instanceId]);
    const sent = lab.aws.calls.find(({ action }) => action === 'SendCommand');
    expect(sent?.parameters).toMatchObject({
      DocumentVersion: '1',
      DocumentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await host.ran())[0]?.[0]).toBe('plan');
  });

  it('reaches hosts by tag, leaves the others alone, and ends with one object of JSON', async () => {
    const [db, web] = [
      await lab.addHost(1, 'good', { tags: { Role: 'db' } }),
      await lab.addHost(2, 'good', { tags: { Role: 'web' } }),
    ];
    const { status, json } = await lab.run(['snapshot', '--target', 'tag:Role=db', '--json']);
    expect(status).toBe(0);
    expect(json).toMatchObject({
      v: 1,
      outcome: 'done',
      hosts: [{ instance: db.instanceId, outcome: 'done', run: json.run }],
    });
    expect(json.hosts).toHaveLength(1);
    expect(await web.ran()).toEqual([]);
  });

  it('is done only where every host is, and says of each what is wrong', async () => {
    const hosts = [
      await lab.addHost(1, 'good'),
      await lab.addHost(2, 'refusing'),
      await lab.addHost(3, 'broken'),
      await lab.addHost(4, 'good', { oldSsmAgent: true }),
      await lab.addHost(5, 'good'),
    ];
    lab.aws.behave({ offline: [hosts[4]?.instanceId ?? ''] });
    const ids = hosts.map(({ instanceId }) => instanceId).join(',');
    const { status, json, stderr } = await lab.run(['snapshot', '--instance-ids', ids, '--json']);
    expect(status).toBe(41);
    expect(json).toMatchObject({
      outcome: 'failed',
      code: 'host-failed',
      hosts: [
        { outcome: 'done' },
        { outcome: 'refused', code: 'storage-unfit', message: 'nvme3n1 is instance store', hint: 'Move it.' },
        { outcome: 'failed', code: 'bug', message: 'The agent ended with status 1 and reported nothing.' },
        { outcome: 'refused', code: 'host-unfit', message: expect.stringContaining('3.3.2746.0'), run: json.run },
        { outcome: 'failed', code: 'host-missing', message: expect.stringContaining('offline') },
      ],
    });
    expect(stderr).toContain(
      `${hosts[4]?.instanceId} (db5): the SSM Agent of the instance is offline (ConnectionLost)`,
    );
    expect(await hosts[3]?.ran()).toEqual([]);
  });

  it('by tag, waits for no host that is out of reach, and leaves nothing behind that would run there later', async () => {
    const tags = { Role: 'db' };
    const [one, two] = [await lab.addHost(1, 'good', { tags }), await lab.addHost(2, 'good', { tags })];
    lab.aws.behave({ offline: [two.instanceId] });
    const { status, json, stderr } = await lab.run(['snapshot', '--target', 'tag:Role=db', '--json']);
    expect([status, json.code], stderr).toEqual([40, 'host-missing']);
    expect(json.hosts).toMatchObject([
      { instance: one.instanceId, outcome: 'done' },
      { instance: two.instanceId, code: 'host-missing', message: expect.stringContaining('offline') },
    ]);
    expect(stderr).toMatch(/only 1 host left, out of reach .* taking command/);
    lab.aws.behave({ offline: [] });
    const again = await lab.run(['snapshot', '--instance-ids', two.instanceId, '--run-id', 'again', '--json']);
    expect(again.status).toBe(0);
    expect((await two.ran()).map((argv) => argv[argv.indexOf('--run-id') + 1])).toEqual(['again']);
  });

  it('lets an unsafe host decide the outcome of the whole', async () => {
    const [one, two] = [await lab.addHost(1, 'good'), await lab.addHost(2, 'unsafe')];
    const { status, json } = await lab.run([
      'snapshot',
      '--instance-ids',
      `${one.instanceId},${two.instanceId}`,
      '--json',
    ]);
    expect([status, json.outcome, json.code]).toEqual([54, 'unsafe', 'host-unsafe']);
  });

  it('says that nothing was touched where every host that is not done refused', async () => {
    const [one, two] = [await lab.addHost(1, 'good'), await lab.addHost(2, 'refusing')];
    const ids = `${one.instanceId},${two.instanceId}`;
    const { status, json } = await lab.run(['snapshot', '--instance-ids', ids, '--json']);
    expect([status, json.outcome, json.code]).toEqual([29, 'refused', 'host-refused']);
  });

  it('waits out throttling, and sends once', async () => {
    const host = await lab.addHost(1, 'good');
    lab.aws.behave({
      faults: [
        { action: 'SendCommand', kind: 'throttle', times: 2 },
        { action: 'ListCommands', kind: 'throttle', times: 2 },
      ],
    });
    expect((await lab.run(['snapshot', '--instance-ids', host.instanceId])).status).toBe(0);
    expect(await host.ran()).toHaveLength(1);
  });

  it.each(['drop-after', 'error-after'] as const)(
    'finds a command whose answer was lost (%s), and does not send again',
    async (kind) => {
      const host = await lab.addHost(1, 'good');
      lab.aws.behave({ faults: [{ action: 'SendCommand', kind, times: 1 }] });
      const { status, stderr } = await lab.run(['snapshot', '--instance-ids', host.instanceId]);
      expect(stderr).toContain('looking for the command');
      expect(status).toBe(0);
      expect(await host.ran()).toHaveLength(1);
    },
  );

  it('says that it does not know whether a command was taken that is not found', async () => {
    const host = await lab.addHost(1, 'good');
    lab.aws.behave({ faults: [{ action: 'SendCommand', kind: 'drop-before' }] });
    const { status, json } = await lab.run(['snapshot', '--instance-ids', host.instanceId, '--json']);
    expect([status, json.outcome, json.code]).toEqual([52, 'unsafe', 'outcome-unknown']);
    expect(lab.aws.calls.filter(({ action }) => action === 'SendCommand')).toHaveLength(1);
  });

  it.each([
    ['a permission', 'ListCommandInvocations', 'AccessDeniedException', 0, /AWS denies ssm:ListCommandInvocations/],
    ['the session', 'ListCommands', 'ExpiredTokenException', 1, /ssm:ListCommands/],
  ] as const)(
    'says in one line that %s was lost in the middle of a run; resumed, nothing is lost',
    async (_what, action, code, skip, said) => {
      const host = await lab.addHost(1, 'good');
      lab.aws.behave({ faults: [{ action, kind: 'refuse', code, skip }] });
      const { status, json, stderr } = await lab.run(['snapshot', '--instance-ids', host.instanceId, '--json']);
      expect([status, json.code]).toEqual([52, 'outcome-unknown']);
      expect(json.message).toMatch(/^the run is under way, but cannot be watched any more: /);
      expect(json.message).toMatch(said);
      expect(stderr.split('\n').filter((line) => line.startsWith('mysql-ebs-snapshot: '))).toHaveLength(1);

      lab.aws.behave({ faults: [] });
      const resumed = await lab.run([
        'snapshot',
        '--instance-ids',
        host.instanceId,
        '--resume',
        json.run ?? '',
        '--json',
      ]);
      expect([resumed.status, resumed.json.run]).toEqual([0, json.run]);
      expect(await host.ran()).toHaveLength(1);
    },
  );

  it('keeps the words of the hosts where the sets cannot be seen, and says so', async () => {
    const host = await lab.addHost(1, 'good');
    lab.aws.behave({
      faults: [{ action: 'DescribeSnapshots', kind: 'refuse', code: 'UnauthorizedOperation', status: 403 }],
    });
    const { status, stderr } = await lab.run(['snapshot', '--instance-ids', host.instanceId]);
    expect([status, stderr]).toEqual([0, expect.stringMatching(/warning: .*AWS denies ec2:DescribeSnapshots/)]);
  });

  it('reports a set that EBS fails after the host was done, and waits for that where it was told to', async () => {
    const [one, two] = [await lab.addHost(1, 'good'), await lab.addHost(2, 'good')];
    lab.aws.behave({
      faults: [{ action: 'CreateSnapshots', kind: 'set-fails', afterMs: 4_000, times: 1 }],
      snapshotCompletionMs: 6_000,
    });
    const ids = `${one.instanceId},${two.instanceId}`;
    const { status, json, stderr } = await lab.run([
      'snapshot',
      '--instance-ids',
      ids,
      '--until',
      'completed',
      '--json',
    ]);
    expect(status).toBe(41);
    expect(json.hosts?.map(({ outcome, code, state }) => [outcome, code, state])).toEqual(
      expect.arrayContaining([
        ['failed', 'member-failed', 'failed'],
        ['done', undefined, 'complete'],
      ]),
    );
    expect(stderr).toContain('EBS has nothing left to complete');
  });

  it('tells what goes on in lines of JSON before the report', async () => {
    const host = await lab.addHost(1, 'good');
    const { stdout } = await lab.run(['snapshot', '--instance-ids', host.instanceId, '--json']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const kinds = events.slice(0, -1).map(({ v, event }) => `${v} ${event}`);
    expect(new Set(kinds)).toEqual(
      new Set(['run-started', 'inventory-taken', 'command-sent', 'progress'].map((each) => `1 ${each}`)),
    );
    expect(events.at(-1)).toMatchObject({ v: 1, outcome: 'done' });
  });

  it('cancels the command at Ctrl-C and reports what became of the hosts', async () => {
    const host = await lab.addHost(1, 'endless');
    let asked = false;
    const { status, json, stderr } = await lab.run(['snapshot', '--instance-ids', host.instanceId, '--json'], {
      onStderr: (text, kill) => {
        if (asked || !text.includes('0 of 1 host ended')) return;
        asked = true;
        kill('SIGINT');
      },
    });
    expect(stderr).toContain('cancelling 1 command');
    expect(status).toBe(54);
    expect(json).toMatchObject({
      outcome: 'unsafe',
      code: 'host-unsafe',
      hosts: [{ outcome: 'unsafe', code: 'outcome-unknown', message: expect.stringContaining('Cancelled') }],
    });

    // This run does all that a run ever does: the policy grants that and no more, but for the looking at volumes (sets.test.ts).
    const granted = operatorPolicy.Statement.flatMap(({ Action }) => Action).filter(
      (each) => each !== 'ec2:DescribeVolumes',
    );
    const byOperator = lab.aws.calls.filter(({ principal }) => principal.endsWith('user/operator'));
    expect(new Set(byOperator.map(({ service, action }) => `${service}:${action}`))).toEqual(new Set(granted));
  });

  it('says that everything is undone where it was cancelled before any host had the command', async () => {
    const host = await lab.addHost(1, 'good');
    lab.aws.behave({ latencyMs: { DescribeInstances: 2000 } });
    const { status, json } = await lab.run(['snapshot', '--instance-ids', host.instanceId, '--json'], {
      onStderr: (text, kill) => {
        if (!text.includes('reachable')) kill('SIGINT');
      },
    });
    expect([status, json.code]).toEqual([130, 'cancelled']);
    expect(await host.ran()).toEqual([]);
  });

  it('leaves at once at the second Ctrl-C', async () => {
    const host = await lab.addHost(1, 'endless');
    lab.aws.behave({ latencyMs: { CancelCommand: 20_000 } });
    const sent: string[] = [];
    const { status, json } = await lab.run(['snapshot', '--instance-ids', host.instanceId, '--json'], {
      onStderr: (text, kill) => {
        for (const moment of ['0 of 1 host ended', 'cancelling 1 command']) {
          if (sent.includes(moment) || !text.includes(moment)) continue;
          sent.push(moment);
          kill('SIGINT');
        }
      },
    });
    expect([status, json.code]).toEqual([52, 'outcome-unknown']);
    lab.aws.behave({ latencyMs: {} });
  });
});
