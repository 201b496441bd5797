import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import {
  type CommandFilter,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ended, install, runToEnd, send } from './commands.ts';
import { failure, instanceId, type Lab, plainHost, startLab } from './embedded-lab.ts';

const TAGGED = { Targets: [{ Key: 'tag:Role', Values: ['database'] }] };

let lab: Lab;
beforeEach(async () => {
  lab = await startLab({ behaviour: { invocationMisses: 0 } });
  for (const number of [1, 2, 3, 4, 5]) lab.aws.registerHost(plainHost(number, { tags: { Role: 'database' } }));
  await install(lab, [{ script: `test "$AWS_SSM_INSTANCE_ID" != ${instanceId(2)}` }]);
});
afterEach(() => lab[Symbol.asyncDispose]());

const undelivered = (...numbers: number[]) =>
  lab.aws.behave({ undelivered: Object.fromEntries(numbers.map((number) => [instanceId(number), 'Undeliverable'])) });
const commandState = async (CommandId: string) =>
  (await lab.as('operator').ssm.send(new ListCommandsCommand({ CommandId }))).Commands?.[0];
const listed = async (CommandId: string, ...Filters: CommandFilter[]) => {
  const answer = await lab.as('operator').ssm.send(new ListCommandInvocationsCommand({ CommandId, Filters }));
  return (answer.CommandInvocations ?? []).map(({ InstanceId }) => InstanceId);
};
const status = (value: string): CommandFilter => ({ key: 'Status', value });

test('what cannot be delivered is no error: four of five, and the command is a success', async () => {
  undelivered(2, 3, 4, 5);
  const [, second] = await runToEnd(lab, { ...TAGGED, MaxErrors: '0' });
  expect(second).toMatchObject({ Status: 'Failed', StatusDetails: 'Undeliverable', CommandPlugins: [] });
  const CommandId = second?.CommandId ?? '';
  expect(await commandState(CommandId)).toMatchObject({
    Status: 'Success',
    TargetCount: 5,
    CompletedCount: 5,
    ErrorCount: 0,
    DeliveryTimedOutCount: 0,
  });
  const asked = new GetCommandInvocationCommand({ CommandId, InstanceId: instanceId(2) });
  expect(await lab.as('administrator').ssm.send(asked)).toMatchObject({ ResponseCode: -1 });
});

test('nothing delivered at all is a failure', async () => {
  undelivered(1, 2, 3, 4, 5);
  const [first] = await runToEnd(lab, TAGGED);
  expect(await commandState(first?.CommandId ?? '')).toMatchObject({ Status: 'Failed', ErrorCount: 0 });
});

test('invocations are found by their status, and by its detail', async () => {
  lab.aws.behave({ undelivered: { [instanceId(3)]: 'Undeliverable', [instanceId(4)]: 'InvalidPlatform' } });
  const commandId = await send(lab, { ...TAGGED, MaxErrors: '5' });
  await ended(lab, commandId);
  expect(await listed(commandId, status('Success'))).toEqual([1, 5].map(instanceId));
  expect(await listed(commandId, status('Failed'))).toEqual([2, 3, 4].map(instanceId));
  expect(await listed(commandId, status('Undeliverable'))).toEqual([instanceId(3)]);
  expect(await listed(commandId, status('InvalidPlatform'))).toEqual([instanceId(4)]);
  expect(await failure(listed(commandId, status('Ill')))).toMatchObject({ name: 'ValidationException' });
});

test('commands are found by their status, and by its detail', async () => {
  const commandId = await send(lab, { ...TAGGED, MaxErrors: '5' });
  await ended(lab, commandId);
  const found = async (value: string) => {
    const { Commands = [] } = await lab.as('operator').ssm.send(new ListCommandsCommand({ Filters: [status(value)] }));
    return Commands.map(({ CommandId }) => CommandId);
  };
  expect(await found('Incomplete')).toEqual([commandId]);
  expect(await found('Success')).toEqual([]);
  expect(await failure(found('Undeliverable'))).toMatchObject({ name: 'ValidationException' });
});

test('a host that is registered no more is absent from the command, and still in EC2', async () => {
  lab.aws.deregister(instanceId(4));
  const found = await runToEnd(lab, { ...TAGGED, MaxErrors: '5' });
  expect(found.map(({ InstanceId }) => InstanceId)).toEqual([1, 2, 3, 5].map(instanceId));
  const asked = new DescribeInstancesCommand({ InstanceIds: [instanceId(4)] });
  expect((await lab.as('operator').ec2.send(asked)).Reservations).toHaveLength(1);
});
