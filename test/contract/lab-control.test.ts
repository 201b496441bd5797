import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failure, type Lab, startLab } from './embedded-lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(() => lab[Symbol.asyncDispose]());

const door = (method: string, path: string, body?: object) =>
  fetch(`${lab.aws.endpoint}/_lab/${path}`, { method, body: body === undefined ? null : JSON.stringify(body) });
const whoAmI = () => lab.as('operator').sts.send(new GetCallerIdentityCommand({}));

test('another process tells the lab how to behave', async () => {
  const answer = await door('PUT', 'behaviour', {
    faults: [{ action: 'GetCallerIdentity', kind: 'refuse', code: 'Broken', status: 503, times: 1 }],
  });
  expect(answer.status).toBe(200);
  expect(await failure(whoAmI())).toMatchObject({ name: 'Broken', status: 503 });
  await whoAmI();
});

test.each([{ latency: 3 }, { faults: [{ action: 'X', kind: 'explode' }] }, { latencyMs: { CreateSnapshots: -1 } }])(
  'behaviour that there is not is refused: %j',
  async (body) => {
    const before = await (await door('GET', 'behaviour')).json();
    expect((await door('PUT', 'behaviour', body)).status).toBe(400);
    expect(await (await door('GET', 'behaviour')).json()).toEqual(before);
  },
);

test('every call is on record, with its caller and outcome', async () => {
  await whoAmI();
  lab.aws.behave({ faults: [{ action: 'GetCallerIdentity', kind: 'drop-after' }] });
  await failure(whoAmI());
  const calls = await (await door('GET', 'calls')).json();
  const common = {
    service: 'sts',
    action: 'GetCallerIdentity',
    principal: `arn:aws:iam::${lab.aws.accountId}:user/operator`,
  };
  expect(calls).toMatchObject([
    { ...common, outcome: 'ok' },
    { ...common, outcome: 'dropped' },
  ]);
  await door('DELETE', 'calls');
  expect(lab.aws.calls).toEqual([]);
});

test('time goes on by itself, and is pushed forward', async () => {
  const { now } = (await (await door('POST', 'advance', { ms: 3_600_000 })).json()) as { now: string };
  expect(Date.parse(now) - Date.now()).toBeGreaterThan(3_590_000);
  expect(Date.parse(now) - Date.now()).toBeLessThan(3_610_000);
  for (const body of [{}, { ms: -1 }, { ms: 1.5 }, { hours: 1 }])
    expect((await door('POST', 'advance', body)).status).toBe(400);
});
