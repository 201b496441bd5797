import {
  CreateSnapshotsCommand,
  CreateTagsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateDocumentCommand,
  GetParameterCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import hostPolicy from '../../iam/host.json' with { type: 'json' };
import installerPolicy from '../../iam/installer.json' with { type: 'json' };
import operatorPolicy from '../../iam/operator.json' with { type: 'json' };
import schedulerPolicy from '../../iam/scheduler.json' with { type: 'json' };
import { conditionKeys, isAllowed } from '../../src/lab/aws/iam/evaluate.ts';
import { Policy } from '../../src/lab/aws/iam/policy.ts';
import { realTime } from '../../src/lab/aws/lab-time.ts';
import { TAG } from '../../src/shared/tags.ts';
import { DOCUMENT, install } from './commands.ts';
import { type Clients, failure, instanceId, type Lab, plainHost, startLab } from './embedded-lab.ts';

/** The policies that users deploy (iam/*.json), as the lab evaluates them. */

let lab: Lab;
let one: Clients;
let two: Clients;

beforeEach(async () => {
  lab = await startLab();
  one = lab.asHost((await lab.aws.addHost(plainHost(1))).imdsEndpoint);
  two = lab.asHost((await lab.aws.addHost(plainHost(2))).imdsEndpoint);
});
afterEach(() => lab[Symbol.asyncDispose]());

const asTags = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const take = (clients: Clients, number: number, tags: Record<string, string>) =>
  clients.ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: instanceId(number) },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: asTags(tags) }],
    }),
  );
const ownerOf = async (clients: Clients) => (await clients.sts.send(new GetCallerIdentityCommand({}))).UserId ?? '';
const DENIED = { name: 'UnauthorizedOperation', status: 403 };

describe('a host', () => {
  test('is the session of a role, named by its instance id', async () => {
    expect(await one.sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: lab.aws.accountId,
      UserId: expect.stringMatching(new RegExp(`^AROA[A-Z0-9]{17}:${instanceId(1)}$`)),
      Arn: expect.stringContaining(`:assumed-role/mysql-ebs-snapshot-host/${instanceId(1)}`),
    });
  });

  test('takes sets of its own instance only', async () => {
    await take(one, 1, { Name: 'x' });
    expect(await failure(take(one, 2, { Name: 'x' }))).toMatchObject(DENIED);
  });

  test('grades what it made, and nothing else', async () => {
    const mine =
      (await take(one, 1, { [TAG.owner]: await ownerOf(one), [TAG.grade]: 'unproven' })).Snapshots?.[0]?.SnapshotId ??
      '';
    const foreign = (await take(two, 2, { [TAG.owner]: await ownerOf(two) })).Snapshots?.[0]?.SnapshotId ?? '';
    const unstamped = (await take(one, 1, { Name: 'x' })).Snapshots?.[0]?.SnapshotId ?? '';
    const tag = (Resources: string[], tags: Record<string, string>) =>
      one.ec2.send(new CreateTagsCommand({ Resources, Tags: asTags(tags) }));

    await tag([mine], { [TAG.grade]: 'application' });
    expect(await failure(tag([foreign], { [TAG.grade]: 'application' }))).toMatchObject(DENIED);
    expect(await failure(tag([mine, foreign], { [TAG.grade]: 'broken' }))).toMatchObject(DENIED);
    expect(await failure(tag([unstamped], { [TAG.grade]: 'application' }))).toMatchObject(DENIED);
    expect(await failure(tag([mine], { [TAG.grade]: 'verified' }))).toMatchObject(DENIED);
    expect(await failure(tag([mine], { [TAG.grade]: 'application', Name: 'other' }))).toMatchObject(DENIED);
    expect(await failure(tag([mine], { [TAG.owner]: 'other' }))).toMatchObject(DENIED);
    expect(await failure(tag([mine], { [TAG.datadir]: '/var/lib/other' }))).toMatchObject(DENIED);
  });

  test.each([
    { [TAG.owner]: 'AROASOMEBODYELSE00000:i-1' },
    { [TAG.grade]: 'application' },
    { [TAG.verified]: '2026-11-26T03:00:00Z' },
  ])('cannot create a set with the tags %j', async (tags) => {
    expect(await failure(take(one, 1, tags))).toMatchObject(DENIED);
    expect(lab.store.captures).toEqual([]);
  });

  test('reads parameters below its prefix only', async () => {
    lab.aws.putParameter('/mysql-ebs-snapshot/password', 'secret');
    lab.aws.putParameter('/payroll/password', 'other');
    const get = (Name: string, WithDecryption = true) =>
      one.ssm.send(new GetParameterCommand({ Name, WithDecryption }));
    expect((await get('/mysql-ebs-snapshot/password')).Parameter).toMatchObject({
      Type: 'SecureString',
      Value: 'secret',
    });
    expect((await get('/mysql-ebs-snapshot/password', false)).Parameter?.Value).not.toContain('secret');
    lab.aws.putParameter('/aws/reference/secretsmanager/mysql-ebs-snapshot/password', 'kept');
    lab.aws.putParameter('/aws/reference/secretsmanager/payroll', 'other');
    expect((await get('/aws/reference/secretsmanager/mysql-ebs-snapshot/password')).Parameter?.Value).toBe('kept');
    expect(await failure(get('/aws/reference/secretsmanager/payroll'))).toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(await failure(get('/mysql-ebs-snapshot/none'))).toMatchObject({ name: 'ParameterNotFound' });
    expect(await failure(get('/payroll/password'))).toMatchObject({ name: 'AccessDeniedException' });
  });

  test('sends no commands', async () => {
    await install(lab, [{ script: 'true' }]);
    const sent = one.ssm.send(new SendCommandCommand({ DocumentName: DOCUMENT, InstanceIds: [instanceId(2)] }));
    expect(await failure(sent)).toMatchObject({ name: 'AccessDeniedException', status: 400 });
  });
});

describe('the operator', () => {
  test('sends the documents of this project only, and makes none', async () => {
    const { ssm } = lab.as('operator');
    await install(lab, [{ script: 'true' }]);
    const Content = JSON.stringify({
      schemaVersion: '2.2',
      mainSteps: [{ action: 'aws:runShellScript', name: 's', inputs: {} }],
    });
    await lab.as('administrator').ssm.send(new CreateDocumentCommand({ Name: 'RunAnything', Content }));
    await ssm.send(new SendCommandCommand({ DocumentName: DOCUMENT, InstanceIds: [instanceId(1)] }));
    const InstanceIds = [instanceId(1)];
    expect(await failure(ssm.send(new SendCommandCommand({ DocumentName: 'RunAnything', InstanceIds })))).toMatchObject(
      {
        name: 'AccessDeniedException',
      },
    );
    expect(await failure(ssm.send(new CreateDocumentCommand({ Name: `${DOCUMENT}2`, Content })))).toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  test('sees sets, and neither makes nor grades them', async () => {
    const operator = lab.as('operator');
    const made = await take(one, 1, { Name: 'x' });
    const Resources = [made.Snapshots?.[0]?.SnapshotId ?? ''];
    const seen = await operator.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(seen.Snapshots?.[0]?.SnapshotId).toBe(Resources[0]);
    expect(await failure(take(operator, 1, {}))).toMatchObject(DENIED);
    expect(
      await failure(operator.ec2.send(new CreateTagsCommand({ Resources, Tags: asTags({ [TAG.grade]: 'broken' }) }))),
    ).toMatchObject(DENIED);
  });
});

test('the installer makes documents of this project, and sends nothing', async () => {
  const { ssm } = lab.as('installer');
  await install(lab, [{ script: 'true' }]);
  await ssm.send(new UpdateDocumentDefaultVersionCommand({ Name: DOCUMENT, DocumentVersion: '1' }));
  const denied = { name: 'AccessDeniedException' };
  expect(await failure(install(lab, [{ script: 'true' }], undefined, 'SomebodyElses'))).toMatchObject(denied);
  expect(
    await failure(ssm.send(new SendCommandCommand({ DocumentName: DOCUMENT, InstanceIds: [instanceId(1)] }))),
  ).toMatchObject(denied);
});

describe('in every partition', () => {
  const keys = conditionKeys({ 'aws:userid': `AROA:${instanceId(1)}`, 'ec2:InstanceID': instanceId(1) });
  const rest = `eu-west-1:123456789012`;
  const asked = [
    [hostPolicy, 'ec2:CreateSnapshots', `ec2:${rest}:instance/${instanceId(1)}`],
    [hostPolicy, 'ec2:CreateSnapshots', `ec2:${rest}:volume/vol-0123456789abcdef0`],
    [hostPolicy, 'ssm:GetParameter', `ssm:${rest}:parameter/mysql-ebs-snapshot/password`],
    [operatorPolicy, 'ssm:SendCommand', `ssm:${rest}:document/${DOCUMENT}`],
    [operatorPolicy, 'ssm:SendCommand', `ec2:${rest}:instance/${instanceId(1)}`],
    [installerPolicy, 'ssm:CreateDocument', `ssm:${rest}:document/${DOCUMENT}`],
    [schedulerPolicy, 'ssm:CreateAssociation', `ssm:${rest}:document/${DOCUMENT}`],
    [schedulerPolicy, 'ssm:CreateAssociation', `ssm:${rest}:association/6fc0e2a4-ab4d-4a4e-a2c1-0f3d6f6f7a01`],
    [schedulerPolicy, 'ssm:UpdateAssociation', `ec2:${rest}:instance/${instanceId(1)}`],
  ] as const;
  test.each(['aws', 'aws-cn', 'aws-us-gov'].flatMap((partition) => asked.map((each) => [partition, ...each] as const)))(
    '%s',
    (partition, policy, action, resource) => {
      const policies = [v.parse(Policy, policy)];
      expect(isAllowed(policies, { action, resource: `arn:${partition}:${resource}`, keys })).toBe(true);
    },
  );
});

describe('a signature', () => {
  const config = () => ({ endpoint: lab.aws.endpoint, region: lab.aws.region, maxAttempts: 1 });
  const names = async (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => [
    (await failure(new EC2Client({ ...config(), credentials }).send(new DescribeVolumesCommand({})))).name,
    (await failure(new SSMClient({ ...config(), credentials }).send(new ListCommandsCommand({})))).name,
    (await failure(new STSClient({ ...config(), credentials }).send(new GetCallerIdentityCommand({})))).name,
  ];

  test('by an unknown key', async () => {
    expect(await names({ accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' })).toEqual([
      'AuthFailure',
      'UnrecognizedClientException',
      'InvalidClientTokenId',
    ]);
  });

  test('by a wrong secret', async () => {
    expect(await names({ ...lab.aws.operator, secretAccessKey: 'x' })).toEqual([
      'AuthFailure',
      'InvalidSignatureException',
      'SignatureDoesNotMatch',
    ]);
  });

  test('by credentials that have expired', async () => {
    let clock = Date.now();
    await using aged = await startLab({ time: { ...realTime, now: () => clock } });
    const { imdsEndpoint } = await aged.aws.addHost(plainHost(1));
    const host = aged.asHost(imdsEndpoint);
    await host.ec2.send(new DescribeVolumesCommand({}));
    const credentials = await host.ec2.config.credentials();
    clock += 7 * 3_600_000;
    const client = new EC2Client({ ...config(), endpoint: aged.aws.endpoint, credentials });
    expect(await failure(client.send(new DescribeVolumesCommand({})))).toMatchObject({ name: 'RequestExpired' });
  });
});
