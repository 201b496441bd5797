import { DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import { ListCommandsCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SteeredTime } from '../../src/lab/aws/lab-time.ts';
import { failure, type Lab, startLab } from './embedded-lab.ts';

const time = new SteeredTime();
let lab: Lab;
beforeEach(async () => {
  lab = await startLab({
    time,
    behaviour: {
      rates: {
        ListCommands: { burst: 2, perSecond: 0.01 },
        DescribeSnapshots: { burst: 2, perSecond: 0.01 },
        'DescribeSnapshots unfiltered': { burst: 1, perSecond: 0.01 },
      },
    },
  });
});
afterEach(() => lab[Symbol.asyncDispose]());

const list = () => lab.as('operator').ssm.send(new ListCommandsCommand({}));
const describeSnapshots = (input: { MaxResults?: number } = {}) =>
  lab.as('operator').ec2.send(new DescribeSnapshotsCommand(input));

test('what comes too fast is throttled in the name of its service, and on record', async () => {
  for (let call = 1; call <= 2; call++) await list();
  expect(await failure(list())).toMatchObject({ name: 'ThrottlingException', status: 400 });
  await describeSnapshots();
  expect(await failure(describeSnapshots())).toMatchObject({ name: 'RequestLimitExceeded', status: 503 });
  expect(lab.aws.calls.map(({ outcome }) => outcome)).toEqual([
    'ok',
    'ok',
    'ThrottlingException',
    'ok',
    'RequestLimitExceeded',
  ]);
});

test('a bucket fills with the time of the lab, to its burst and not beyond', async () => {
  for (let call = 1; call <= 2; call++) await list();
  await time.advance(100_000);
  await list();
  expect(await failure(list())).toMatchObject({ name: 'ThrottlingException' });
  await time.advance(3_600_000);
  for (let call = 1; call <= 2; call++) await list();
  expect(await failure(list())).toMatchObject({ name: 'ThrottlingException' });
});

test('what asks for everything at once has a smaller bucket of its own', async () => {
  await describeSnapshots();
  expect(await failure(describeSnapshots())).toMatchObject({ name: 'RequestLimitExceeded' });
  for (let call = 1; call <= 2; call++) await describeSnapshots({ MaxResults: 5 });
  expect(await failure(describeSnapshots({ MaxResults: 5 }))).toMatchObject({ name: 'RequestLimitExceeded' });
});
