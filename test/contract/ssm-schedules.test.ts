import {
  CreateAssociationCommand,
  type CreateAssociationCommandInput,
  DeleteAssociationCommand,
  DescribeAssociationCommand,
  DescribeAssociationExecutionsCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  UpdateAssociationCommand,
  type UpdateAssociationCommandInput,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SteeredTime } from '../../src/lab/aws/lab-time.ts';
import { DOCUMENT, install } from './commands.ts';
import { type Clients, failure, instanceId, type Lab, plainHost, startLab } from './embedded-lab.ts';

/** State Manager's schedules, in a time that is pushed. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-11-26T12:00:00Z'); // a Thursday

let time: SteeredTime;
let lab: Lab;
let ssm: Clients['ssm'];
beforeEach(async () => {
  time = new SteeredTime(START);
  lab = await startLab({ behaviour: { invocationMisses: 0 }, time });
  ssm = lab.as('administrator').ssm;
  await lab.aws.addHost(plainHost(1, { tags: { Role: 'db' } }));
  await install(lab, [{ script: 'echo "{{ word }}"' }], { word: { type: 'String', default: 'usual' } });
});
afterEach(() => lab[Symbol.asyncDispose]());

const Targets = [{ Key: 'tag:Role', Values: ['db'] }];
const NIGHTLY = { ScheduleExpression: 'cron(0 3 ? * * *)', ApplyOnlyAtCronInterval: true };

const associate = async (input: Partial<CreateAssociationCommandInput> = NIGHTLY) => {
  const { AssociationDescription } = await ssm.send(
    new CreateAssociationCommand({ Name: DOCUMENT, Targets, ...input }),
  );
  return AssociationDescription?.AssociationId ?? '';
};
const update = (AssociationId: string, input: Partial<UpdateAssociationCommandInput>) =>
  ssm.send(new UpdateAssociationCommand({ AssociationId, Name: DOCUMENT, Targets, ...input }));
const described = async (AssociationId: string) =>
  (await ssm.send(new DescribeAssociationCommand({ AssociationId }))).AssociationDescription;
/** The hours of the executions so far, oldest first; all of them have ended. */
async function ran(AssociationId: string): Promise<readonly string[]> {
  const list = async () =>
    (await ssm.send(new DescribeAssociationExecutionsCommand({ AssociationId }))).AssociationExecutions ?? [];
  const ended = async () => (await list()).every(({ Status }) => Status !== 'Pending');
  await expect.poll(ended, { timeout: 20_000 }).toBe(true);
  return (await list()).map(({ CreatedTime }) => CreatedTime?.toISOString().slice(0, 16) ?? '').reverse();
}

describe('a schedule', () => {
  test('fires at its times and not on creation, and what ran is read as any command', async () => {
    const id = await associate({ ...NIGHTLY, Parameters: { word: ['nightly'] } });
    await time.advance(14 * HOUR);
    expect(await ran(id)).toEqual([]);
    await time.advance(HOUR);
    expect(await ran(id)).toEqual(['2026-11-27T03:00']);
    await time.advance(2 * DAY);
    expect(await ran(id)).toEqual(['2026-11-27T03:00', '2026-11-28T03:00', '2026-11-29T03:00']);
    const { CommandInvocations = [] } = await ssm.send(new ListCommandInvocationsCommand({}));
    const found = await ssm.send(
      new GetCommandInvocationCommand({ CommandId: CommandInvocations[0]?.CommandId, InstanceId: instanceId(1) }),
    );
    expect(found.StandardOutputContent).toBe('nightly\n');
    expect(await described(id)).toMatchObject({ Overview: { Status: 'Success' } });
  });

  test.each([
    ['cron(0/30 * * * ? *)', HOUR, ['2026-11-26T12:30', '2026-11-26T13:00']],
    ['cron(0 0/8 * * ? *)', 12 * HOUR, ['2026-11-26T16:00', '2026-11-27T00:00']],
    ['cron(15 13 ? * MON *)', 12 * DAY, ['2026-11-30T13:15', '2026-12-07T13:15']],
    ['cron(30 23 ? * TUE#3 *)', 60 * DAY, ['2026-12-15T23:30', '2027-01-19T23:30']],
    ['cron(0 0 ? * 3L *)', 40 * DAY, ['2026-12-29T00:00']],
    ['at(2026-11-26T18:00:00)', 2 * DAY, ['2026-11-26T18:00']],
  ])('%s', async (ScheduleExpression, ms, times) => {
    const id = await associate({ ScheduleExpression, ApplyOnlyAtCronInterval: true });
    await time.advance(ms);
    expect(await ran(id)).toEqual(times);
  });

  test('of a rate runs at once, and then each time it has passed', async () => {
    const id = await associate({ ScheduleExpression: 'rate(5 hours)' });
    await time.advance(10 * HOUR + 1000);
    expect((await ran(id)).map((each) => each.slice(11, 13))).toEqual(['12', '17', '22']);
  });

  test('with an offset runs days later, and not for a day that had passed when it was made', async () => {
    const offset = { ApplyOnlyAtCronInterval: true, ScheduleOffset: 3 };
    const thursday = await associate({ ...offset, ScheduleExpression: 'cron(0 0 ? * THU#2 *)' });
    const yesterday = await associate({ ...offset, ScheduleExpression: 'cron(0 3 ? * WED *)' });
    await time.advance(18 * DAY);
    expect(await ran(thursday)).toEqual(['2026-12-13T00:00']);
    expect(await ran(yesterday)).toEqual(['2026-12-05T03:00', '2026-12-12T03:00']);
  });

  test('holds to MaxConcurrency', async () => {
    await lab.aws.addHost(plainHost(2, { tags: { Role: 'db' } }));
    await install(lab, [{ script: 'date +%s%N\nsleep 0.3\ndate +%s%N' }], undefined, `${DOCUMENT}-slow`);
    const id = await associate({ ...NIGHTLY, Name: `${DOCUMENT}-slow`, MaxConcurrency: '1' });
    await time.advance(15 * HOUR + 1000);
    await ran(id);
    const { CommandInvocations = [] } = await ssm.send(new ListCommandInvocationsCommand({ Details: true }));
    const [one = [], two = []] = CommandInvocations.map(({ CommandPlugins }) =>
      (CommandPlugins?.[0]?.Output ?? '').trim().split('\n').map(BigInt),
    );
    expect([one, two].map((each) => each.length)).toEqual([2, 2]);
    expect((one[1] ?? 0n) < (two[0] ?? 0n) || (two[1] ?? 0n) < (one[0] ?? 0n)).toBe(true);
  });

  test('with a Duration cancels what has not ended by then', async () => {
    await install(lab, [{ script: 'sleep 60' }], undefined, `${DOCUMENT}-long`);
    const id = await associate({ ...NIGHTLY, Name: `${DOCUMENT}-long`, Duration: 1 });
    await time.advance(15 * HOUR);
    await time.advance(HOUR + 1000);
    await ran(id);
    const { CommandInvocations = [] } = await ssm.send(new ListCommandInvocationsCommand({}));
    expect(CommandInvocations.map(({ Status }) => Status)).toEqual(['Cancelled']);
  });
});

describe('an update', () => {
  test('is a new version, drops what it does not give again, and fires by the new schedule alone', async () => {
    const OutputLocation = { S3Location: { OutputS3BucketName: 'outputs', OutputS3KeyPrefix: 'a/b' } };
    const id = await associate({ ...NIGHTLY, AssociationName: 'nightly', ComplianceSeverity: 'HIGH', OutputLocation });
    expect(await described(id)).toMatchObject({ AssociationVersion: '1', ComplianceSeverity: 'HIGH', OutputLocation });
    await update(id, { ScheduleExpression: 'cron(0 20 ? * * *)', ApplyOnlyAtCronInterval: true });
    const told = await described(id);
    expect(told).toMatchObject({ AssociationVersion: '2', ScheduleExpression: 'cron(0 20 ? * * *)' });
    for (const dropped of ['AssociationName', 'ComplianceSeverity', 'OutputLocation'])
      expect(told).not.toHaveProperty(dropped);
    await time.advance(DAY);
    expect(await ran(id)).toEqual(['2026-11-26T20:00']);
  });

  test('runs at once unless it is told to wait for its schedule', async () => {
    const id = await associate();
    await update(id, { ScheduleExpression: NIGHTLY.ScheduleExpression });
    expect(await ran(id)).toEqual(['2026-11-26T12:00']);
  });

  test('of another version than the latest, or without targets, is refused', async () => {
    const id = await associate();
    await update(id, { ...NIGHTLY, AssociationVersion: '1' });
    expect(await failure(update(id, { ...NIGHTLY, AssociationVersion: '1' }))).toMatchObject({
      name: 'InvalidAssociationVersion',
    });
    expect(await failure(update(id, { ...NIGHTLY, Targets: [] }))).toMatchObject({ name: 'InvalidUpdate' });
    expect(await described(id)).toMatchObject({ AssociationVersion: '2' });
  });
});

test('what is deleted fires no more, and is not there', async () => {
  const id = await associate();
  await ssm.send(new DeleteAssociationCommand({ AssociationId: id }));
  await time.advance(2 * DAY);
  const { CommandInvocations } = await ssm.send(new ListCommandInvocationsCommand({}));
  expect(CommandInvocations).toEqual([]);
  for (const call of [
    new DescribeAssociationCommand({ AssociationId: id }),
    new DeleteAssociationCommand({ AssociationId: id }),
  ])
    expect(await failure(ssm.send(call as DescribeAssociationCommand))).toMatchObject({
      name: 'AssociationDoesNotExist',
    });
});

describe('is refused:', () => {
  test.each([
    'cron(0 0/6 * * ? *)',
    'cron(0/15 * * * ? *)',
    'cron(0 3 1 * ? *)',
    'cron(0 3 ? JAN * *)',
    'cron(0 3 ? * MON-FRI *)',
    'cron(0 3 * * * *)',
    'cron(0 3 * * *)',
    'cron(30 0 3 ? * * *)',
    'cron(0 24 ? * * *)',
    'cron(0 3 ? * TUE#6 *)',
    'cron(0 3 ? * * 2027)',
    'rate(29 minutes)',
    'rate(31 days)',
    'rate(1 hours)',
    'rate(5 hour)',
    'at(tomorrow)',
    'whenever',
  ])('%s', async (ScheduleExpression) => {
    expect(await failure(associate({ ScheduleExpression }))).toMatchObject({ name: 'InvalidSchedule', status: 400 });
  });

  test.each([
    ['a rate that waits for its schedule', { ScheduleExpression: 'rate(1 hour)', ApplyOnlyAtCronInterval: true }],
    ['an offset of a rate', { ScheduleExpression: 'rate(1 hour)', ScheduleOffset: 1 }],
    ['an offset without waiting', { ScheduleExpression: 'cron(0 3 ? * MON *)', ScheduleOffset: 1 }],
    ['an offset of 7 days', { ...NIGHTLY, ScheduleOffset: 7 }],
    ['a Duration of 25 hours', { ...NIGHTLY, Duration: 25 }],
  ])('%s', async (_what, input) => {
    expect(await failure(associate(input))).toMatchObject({ name: 'ValidationException' });
  });
});

describe('the scheduler', () => {
  const denied = { name: 'AccessDeniedException', status: 400 };

  test('schedules the documents of this project, on instances by id too, and no others', async () => {
    ssm = lab.as('scheduler').ssm;
    const id = await associate({ ...NIGHTLY, Targets: [{ Key: 'InstanceIds', Values: [instanceId(1)] }] });
    await update(id, NIGHTLY);
    expect(await failure(update(id, { ...NIGHTLY, Name: 'RunAnything' }))).toMatchObject(denied);
    expect(await failure(associate({ ...NIGHTLY, Name: 'RunAnything' }))).toMatchObject(denied);
    await ssm.send(new DeleteAssociationCommand({ AssociationId: id }));
  });

  test('alone does: neither the operator nor the installer may', async () => {
    for (const who of ['operator', 'installer'] as const) {
      ssm = lab.as(who).ssm;
      expect(await failure(associate())).toMatchObject(denied);
    }
  });
});
