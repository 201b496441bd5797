import {
  DescribeAssociationCommand,
  ListAssociationsCommand,
  SSMClient,
  UpdateAssociationCommand,
} from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import schedulerPolicy from '../../../iam/scheduler.json' with { type: 'json' };
import { SteeredTime } from '../../../src/lab/aws/lab-time.ts';
import { type FleetLab, type Ran, startFleetLab, type TestHost } from './fleet-lab.ts';

/** The built controller's schedules, fired by the embedded State Manager in a time that is pushed. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

interface Part {
  readonly name: string;
  readonly role?: string;
  readonly association: { readonly id: string; readonly name: string };
  readonly expression: string;
  readonly next: readonly string[];
  readonly document: { readonly version: string; readonly is: string };
  readonly last?: { readonly status: string };
}
const partsOf = ({ json }: Ran): readonly Part[] => (json as { schedules?: Part[] }).schedules ?? [];

// The hosts need mount namespaces of their own.
describe.runIf(process.getuid?.() === 0)('schedules', () => {
  let time: SteeredTime;
  let lab: FleetLab;
  let ssm: SSMClient;
  beforeEach(async () => {
    time = new SteeredTime();
    lab = await startFleetLab({ time });
    ssm = new SSMClient({ endpoint: lab.aws.endpoint, region: lab.aws.region, credentials: lab.aws.administrator });
    expect((await lab.run(['documents', 'install'], { as: 'installer' })).status).toBe(0);
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  const schedule = (...argv: string[]) => lab.run(['schedule', ...argv], { as: 'scheduler' });
  /** Pushes the time to just after a moment. */
  const until = (moment: string | undefined) => time.advance(Date.parse(moment ?? '') - time.now() + MINUTE);
  const associations = async () => (await ssm.send(new ListAssociationsCommand({}))).Associations ?? [];
  const runs = async (host: TestHost) => (await host.ran()).length;
  const databases = async () => [
    await lab.addHost(1, 'good', { tags: { Role: 'source', Env: 'prod' } }),
    await lab.addHost(2, 'good', { tags: { Role: 'replica', Env: 'prod' } }),
    await lab.addHost(3, 'good', { tags: { Role: 'web' } }),
  ];

  it('made by the scheduler, fires at its times and not before, on its targets alone, each with a run id of its own', async () => {
    const [source, replica, web] = (await databases()) as [TestHost, TestHost, TestHost];
    const made = await schedule(
      'create',
      'nightly',
      '--target',
      'tag:Env=prod',
      '--cron',
      '0 3 * * *',
      '--tag',
      'Purpose=nightly',
      '--json',
    );
    expect([made.status, made.stderr]).toEqual([0, '']);
    const [part] = partsOf(made);
    expect(part).toMatchObject({
      name: 'nightly',
      expression: 'cron(0 3 ? * * *)',
      document: { version: '1', is: 'current' },
    });
    expect(part?.next.map((each) => each.slice(10))).toEqual(Array(3).fill('T03:00:00.000Z'));

    await time.advance(Date.parse(part?.next[0] ?? '') - time.now() - MINUTE);
    expect([await runs(source), await runs(replica)]).toEqual([0, 0]);
    await until(part?.next[0]);
    for (const host of [source, replica]) await expect.poll(() => runs(host), { timeout: 20_000 }).toBe(1);
    expect(await runs(web)).toBe(0);
    const [argv = []] = await source.ran();
    expect(argv[0]).toBe('snapshot');
    expect(argv.join(' ')).toContain('--splay 300');
    expect(argv.slice(-2)).toEqual(['--tag', 'Purpose=nightly']);
    expect(argv).not.toContain('--run-id');

    await until(part?.next[1]);
    for (const host of [source, replica]) await expect.poll(() => runs(host), { timeout: 20_000 }).toBe(2);
    expect(partsOf(await schedule('list', '--json'))).toMatchObject([{ name: 'nightly', last: { status: 'Success' } }]);
  });

  it('keeps roles apart: an association for each, at its own time', async () => {
    const [source, replica] = (await databases()) as [TestHost, TestHost, TestHost];
    const arbiter = await lab.addHost(4, 'good', { tags: { Role: 'arbiter', Env: 'prod' } });
    const made = await schedule(
      ...['create', 'nightly', '--target', 'tag:Env=prod', '--by', 'tag:Role', '--json'],
      ...['--cron', 'replica=0 3 * * *', '--cron', 'source=cron(0 5 ? * * *)'],
    );
    expect(made.status).toBe(0);
    expect(made.stderr).toContain(`${arbiter.instanceId} (db4) has none of the roles`);
    const [ofReplica, ofSource] = partsOf(made);
    expect([ofReplica?.role, ofSource?.role]).toEqual(['replica', 'source']);
    expect((await associations()).map(({ AssociationName }) => AssociationName)).toEqual([
      'mysql-ebs-snapshot.nightly.replica',
      'mysql-ebs-snapshot.nightly.source',
    ]);

    const nights = Date.parse(ofReplica?.next[0] ?? '') < Date.parse(ofSource?.next[0] ?? '') ? [0, 0] : [0, 1];
    if (nights[1] === 1) await until(ofSource?.next[0]);
    await expect.poll(() => runs(source), { timeout: 20_000 }).toBe(nights[1]);
    await until(ofReplica?.next[0]);
    await expect.poll(() => runs(replica), { timeout: 20_000 }).toBe(1);
    expect(await runs(source)).toBe(nights[1]);
    await until(ofSource?.next[nights[1] ?? 0]);
    await expect.poll(() => runs(source), { timeout: 20_000 }).toBe((nights[1] ?? 0) + 1);
    expect([await runs(replica), await runs(arbiter)]).toEqual([1, 0]);
  });

  it('shows when it runs, and lists what is not as it should be', async () => {
    await databases();
    const { stdout } = await schedule('create', 'weekly', '--target', 'tag:Env=prod', '--cron', '30 2 * * 0');
    expect(stdout).toMatch(/^weekly +every Sunday at 02:30 UTC +1 +tag:Env=prod$/m);
    expect(stdout).toMatch(/^cron\(30 2 \? \* SUN \*\) runs (\d{4}-\d\d-\d\d 02:30:00Z(, )?){3}$/m);
    expect(stdout).toContain("'weekly' is made, for 2 hosts as of now");

    const [{ AssociationId } = {}] = await associations();
    await ssm.send(
      new UpdateAssociationCommand({
        AssociationId,
        AssociationName: 'mysql-ebs-snapshot.weekly',
        Targets: [{ Key: 'tag:Env', Values: ['prod'] }],
        ScheduleExpression: 'rate(3 days)',
      }),
    );
    const listed = await schedule('list');
    expect(listed.status).toBe(0);
    expect(listed.stdout).toContain('every 3 days, from the start on');
    expect(listed.stdout).toContain(
      'the document is not pinned ($DEFAULT): give `schedule update weekly --document-version current`',
    );
    expect(listed.stdout).toContain('it also runs when it is changed');
    expect((await lab.run(['schedule', 'list'], { as: 'operator' })).status).toBe(14);
  });

  it('changes what is given and keeps everything else, and runs nothing at once', async () => {
    const [source] = (await databases()) as [TestHost, TestHost, TestHost];
    await schedule(
      ...['create', 'nightly', '--target', 'tag:Env=prod', '--cron', 'cron(0 3 ? * TUE#2 *)', '--offset', '2'],
      ...['--level', 'auto', '--severity', 'high', '--output-s3', 's3://outputs/nightly', '--max-concurrency', '10%'],
      ...['--duration', '4'],
    );
    const [{ AssociationId } = {}] = await associations();
    const described = async () =>
      (await ssm.send(new DescribeAssociationCommand({ AssociationId }))).AssociationDescription ?? {};
    const { Name: _name, ...by } = await described();
    // Somebody has set what this program knows nothing of.
    const { AssociationId: _id, Date: _date, Overview: _overview, LastUpdateAssociationDate: _at, ...settings } = by;
    await ssm.send(
      new UpdateAssociationCommand({ ...settings, AssociationId, AssociationVersion: '1', SyncCompliance: 'MANUAL' }),
    );
    const before = await described();

    const { status, stderr, stdout } = await schedule('update', 'nightly', '--cron', '0 4 * * 2', '--splay', '60');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('every Tuesday at 04:00 UTC, 2 days later');
    const { LastUpdateAssociationDate: _changed, ...after } = await described();
    expect(after).toEqual({
      ...Object.fromEntries(Object.entries(before).filter(([key]) => key !== 'LastUpdateAssociationDate')),
      AssociationVersion: '3',
      ScheduleExpression: 'cron(0 4 ? * TUE *)',
      Parameters: { ...before.Parameters, Splay: ['60'] },
    });
    expect((await schedule('update', 'nightly', '--offset', 'none', '--output-s3', 'none')).status).toBe(0);
    expect(await described()).not.toHaveProperty('ScheduleOffset');
    expect(await described()).not.toHaveProperty('OutputLocation');
    expect(await described()).toMatchObject({
      ComplianceSeverity: 'HIGH',
      MaxConcurrency: '10%',
      SyncCompliance: 'MANUAL',
    });
    expect(await runs(source)).toBe(0);
  });

  it('deletes every role of it; what is deleted fires no more', async () => {
    const [source, replica] = (await databases()) as [TestHost, TestHost, TestHost];
    const roles = ['--by', 'tag:Role', '--cron', 'replica=0 3 * * *', '--cron', 'source=0 5 * * *'];
    await schedule('create', 'nightly', '--target', 'tag:Env=prod', ...roles);
    await schedule('create', 'other', '--target', 'tag:Role=replica', '--cron', '0 12 * * 1');
    const { status, stdout } = await schedule('delete', 'nightly');
    expect([status, stdout]).toEqual([0, expect.stringContaining("'nightly' is deleted")]);
    expect((await associations()).map(({ AssociationName }) => AssociationName)).toEqual(['mysql-ebs-snapshot.other']);
    await time.advance(DAY / 2);
    expect(await runs(source)).toBe(0);
    await schedule('delete', 'other');
    await time.advance(8 * DAY);
    expect(await runs(replica)).toBe(0);
    expect((await schedule('delete', 'nightly')).status).toBe(28);
  });

  it('is made once where the answer to it is lost, and not at all where a part of it is refused', async () => {
    await databases();
    const target = ['--target', 'tag:Env=prod'];
    lab.aws.behave({ faults: [{ action: 'CreateAssociation', kind: 'drop-after', times: 1 }] });
    const lost = await schedule('create', 'nightly', ...target, '--cron', '0 3 * * *');
    expect(lost.status).toBe(0);
    expect(lost.stderr).toContain('no clear answer to CreateAssociation');
    expect(await associations()).toHaveLength(1);

    lab.aws.behave({
      faults: [{ action: 'CreateAssociation', kind: 'refuse', code: 'AssociationLimitExceeded', skip: 1, times: 1 }],
    });
    const roles = ['--by', 'tag:Role', '--cron', 'replica=0 3 * * *', '--cron', 'source=0 5 * * *'];
    const refused = await schedule('create', 'weekly', ...target, ...roles);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('AssociationLimitExceeded')]);
    expect(await associations()).toHaveLength(1);
  });

  it('left at once, does not say that nothing was changed', async () => {
    await databases();
    lab.aws.behave({ latencyMs: { CreateAssociation: 3_000 } });
    const asked = () => lab.aws.calls.some(({ action }) => action === 'CreateAssociation');
    const interrupt = async (pid: number) => {
      await expect.poll(asked, { timeout: 30_000 }).toBe(true);
      process.kill(pid, 'SIGINT');
      process.kill(pid, 'SIGTERM');
    };
    const argv = ['schedule', 'create', 'nightly', '--target', 'tag:Env=prod', '--cron', '0 3 * * *'];
    const { status, stderr } = await lab.run(argv, { as: 'scheduler', onStart: interrupt });
    expect({ status, stderr }).toEqual({
      status: 52,
      stderr: expect.stringMatching(/left at once; .*'nightly' may .*\nhint: .*schedule delete nightly/),
    });
  });

  it('asks for what the policy of the scheduler grants, and it grants no more', async () => {
    await databases();
    await schedule('create', 'nightly', '--instance-ids', 'i-00000000000000001', '--cron', '0 3 * * *');
    await schedule('update', 'nightly', '--cron', '0 4 * * *');
    await schedule('list');
    await schedule('delete', 'nightly');
    const calls = lab.aws.calls.filter(({ principal }) => principal.endsWith('user/scheduler'));
    expect(calls.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect([...new Set(calls.map(({ service, action }) => `${service}:${action}`))].sort()).toEqual(
      schedulerPolicy.Statement.flatMap(({ Action }) => Action).sort(),
    );
  });
});

/** [what, arguments after `schedule`, exit status, what the one line says, what the hint says] */
const CASES: [string, string[], number, RegExp, RegExp][] = [
  ['no verb', [], 2, /no command is given/, /--help/],
  ['no name', ['create'], 2, /missing required argument 'name'/, /--help/],
  ['no cron', ['create', 'x', ...db(), '--cron', 'nightly'], 2, /'nightly' is no cron expression/, /'0 3 \* \* \*'/],
  [
    'what State Manager does not take',
    ['create', 'x', ...db(), '--cron', '0 */6 * * *'],
    2,
    /State Manager does not take '0 \*\/6 \* \* \*'/,
    /'cron\(0 0\/8 \* \* \? \*\)' \(every 8 hours\), or 'cron\(0 0\/4 \* \* \? \*\)'/,
  ],
  [
    'roles together',
    ['create', 'x', ...db(), '--by', 'tag:Kind', '--cron', 'a=0 3 * * *', '--cron', 'b=30 3 * * 1'],
    2,
    /'a' and 'b' would run within an hour of each other, on \d{4}-\d\d-\d\d 03:30 UTC/,
    /an hour or more apart/,
  ],
  [
    'a role of nobody',
    ['create', 'x', ...db(), '--by', 'tag:Kind', '--cron', 'a=0 3 * * *'],
    28,
    /no instance of the targets has the role 'a'/,
    /nothing was scheduled/,
  ],
  ['nobody named', ['create', 'x', '--cron', '0 3 * * *'], 28, /no host was named/, /--target/],
  ['tag of nobody', ['create', 'x', '--target', 'tag:Role=none', '--cron', '0 3 * * *'], 28, /Role=none/, /--target/],
  ['a taken name', ['create', 'kept', ...db(), '--cron', '0 3 * * *'], 2, /'kept' already/, /schedule update kept/],
  [
    'no such document',
    ['create', 'x', ...db(), '--cron', '0 3 * * *', '--document-name', 'mysql-ebs-snapshot-x'],
    27,
    /no document 'mysql-ebs-snapshot-x'/,
    /documents install/,
  ],
  ['no such schedule', ['update', 'none', '--cron', '0 3 * * *'], 28, /no schedule 'none'/, /schedule list/],
  ['a role that it has not', ['update', 'kept', '--cron', 'a=0 3 * * *'], 2, /no role 'a'/, /without one/],
  ['change to a rate', ['update', 'kept', '--rate', '1 day'], 2, /runs a rate at once/, /--run-now/],
  ['nothing to delete', ['delete', 'none'], 28, /no schedule 'none'/, /schedule list/],
];

function db(): string[] {
  return ['--target', 'tag:Role=db'];
}

describe.runIf(process.getuid?.() === 0)('bad input', () => {
  let lab: FleetLab;
  const changes = () => lab.aws.calls.filter(({ action }) => /^(Create|Update|Delete)Association$/.test(action)).length;
  beforeAll(async () => {
    lab = await startFleetLab();
    await lab.addHost(1, 'good', { tags: { Role: 'db' } });
    await lab.run(['documents', 'install'], { as: 'installer' });
    const kept = ['schedule', 'create', 'kept', '--target', 'tag:Role=db', '--cron', '0 3 * * *'];
    expect((await lab.run(kept, { as: 'scheduler' })).status).toBe(0);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it.each(CASES)(
    '%s: one line, a hint, the status, and nothing is changed',
    async (_what, argv, status, said, hint) => {
      const ran = await lab.run(['schedule', ...argv], { as: 'scheduler' });
      const [line, hintLine, ...rest] = ran.stderr.split('\n');
      expect(line).toMatch(new RegExp(`^mysql-ebs-snapshot: .*${said.source}`));
      expect(hintLine).toMatch(new RegExp(`^hint: .*${hint.source}`));
      expect([ran.status, ran.stdout, rest]).toEqual([status, '', ['']]);
      expect(changes()).toBe(1);
    },
  );

  it.each(['create', 'list', 'update', 'delete'])('%s shows examples', async (verb) => {
    const { status, stdout } = await lab.run(['schedule', verb, '--help']);
    expect(status).toBe(0);
    expect(stdout.slice(stdout.indexOf('Examples:'))).toContain(`mysql-ebs-snapshot schedule ${verb}`);
  });
});
