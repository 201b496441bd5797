import {
  CreateAssociationCommand,
  type CreateAssociationCommandInput,
  DescribeAssociationCommand,
  DescribeAssociationExecutionsCommand,
  DescribeAssociationExecutionTargetsCommand,
  GetCommandInvocationCommand,
  ListAssociationsCommand,
  paginateListAssociations,
  StartAssociationsOnceCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DOCUMENT, install } from './commands.ts';
import { type Clients, failure, instanceId, type Lab, plainHost, startLab } from './embedded-lab.ts';

let lab: Lab;
let ssm: Clients['ssm'];
beforeEach(async () => {
  lab = await startLab({ behaviour: { invocationMisses: 0 } });
  ssm = lab.as('administrator').ssm;
  await lab.aws.addHost(plainHost(1, { tags: { Role: 'db' } }));
  await install(lab, [{ script: 'echo "{{ word }}"' }], {
    word: { type: 'String', allowedPattern: '^[a-z]+$', default: 'usual' },
  });
});
afterEach(() => lab[Symbol.asyncDispose]());

const associate = async (input: Partial<CreateAssociationCommandInput> = {}) => {
  const Targets = [{ Key: 'tag:Role', Values: ['db'] }];
  const { AssociationDescription } = await ssm.send(
    new CreateAssociationCommand({ Name: DOCUMENT, Targets, ...input }),
  );
  return AssociationDescription?.AssociationId ?? '';
};
const executions = async (AssociationId: string) =>
  (await ssm.send(new DescribeAssociationExecutionsCommand({ AssociationId }))).AssociationExecutions ?? [];

test('runs at once on its targets, and its output is found', async () => {
  const AssociationId = await associate({ Parameters: { word: ['scheduled'] } });
  await expect.poll(async () => (await executions(AssociationId))[0]?.Status).toBe('Success');
  const ExecutionId = (await executions(AssociationId))[0]?.ExecutionId;
  const { AssociationExecutionTargets } = await ssm.send(
    new DescribeAssociationExecutionTargetsCommand({ AssociationId, ExecutionId }),
  );
  expect(AssociationExecutionTargets).toMatchObject([
    { ResourceId: instanceId(1), Status: 'Success', OutputSource: { OutputSourceType: 'RunCommand' } },
  ]);
  const CommandId = AssociationExecutionTargets?.[0]?.OutputSource?.OutputSourceId;
  const found = await ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: instanceId(1) }));
  expect(found.StandardOutputContent).toBe('scheduled\n');
  expect((await ssm.send(new DescribeAssociationCommand({ AssociationId }))).AssociationDescription).toMatchObject({
    Overview: { Status: 'Success' },
  });
});

test('waits for its schedule where it is told to, and runs on order', async () => {
  const AssociationId = await associate({ ScheduleExpression: 'cron(0 3 * * ? *)', ApplyOnlyAtCronInterval: true });
  expect(await executions(AssociationId)).toEqual([]);
  await ssm.send(new StartAssociationsOnceCommand({ AssociationIds: [AssociationId] }));
  await expect.poll(async () => (await executions(AssociationId)).map(({ Status }) => Status)).toEqual(['Success']);
});

test('runs on a target that appears later', async () => {
  const AssociationId = await associate();
  await lab.aws.addHost(plainHost(2, { tags: { Role: 'db' } }));
  await expect
    .poll(async () => (await executions(AssociationId)).map(({ Status }) => Status))
    .toEqual(['Success', 'Success']);
});

test('is listed page by page, all or by document and name', async () => {
  for (const AssociationName of ['one', 'two', 'three']) await associate({ AssociationName });
  const names: (string | undefined)[] = [];
  for await (const page of paginateListAssociations({ client: ssm, pageSize: 2 }, {}))
    names.push(...(page.Associations ?? []).map(({ AssociationName }) => AssociationName));
  expect(names).toEqual(['one', 'two', 'three']);
  const by = async (key: 'Name' | 'AssociationName', value: string) =>
    (await ssm.send(new ListAssociationsCommand({ AssociationFilterList: [{ key, value }] }))).Associations;
  expect(await by('Name', DOCUMENT)).toHaveLength(3);
  expect(await by('Name', 'another')).toEqual([]);
  const [two] = (await by('AssociationName', 'two')) ?? [];
  expect(two).toMatchObject({ AssociationName: 'two', Name: DOCUMENT, AssociationVersion: '1' });
  expect(two).not.toHaveProperty('MaxConcurrency');
});

test.each([
  ['a parameter outside its pattern', 'InvalidParameters', { Parameters: { word: ['Two words'] } }],
  ['no such document', 'InvalidDocument', { Name: 'mysql-ebs-snapshot-none' }],
  [
    'ApplyOnlyAtCronInterval with rate()',
    'ValidationException',
    { ScheduleExpression: 'rate(1 day)', ApplyOnlyAtCronInterval: true },
  ],
])('%s: %s', async (_what, name, input) => {
  expect(await failure(associate(input))).toMatchObject({ name });
});
