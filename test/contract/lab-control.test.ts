import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realTime, SteeredTime } from '../../src/lab/aws/lab-time.ts';
import { failure, type Lab, startLab } from './embedded-lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(() => lab[Symbol.asyncDispose]());

const door = (method: string, path: string, body?: object, of = lab) =>
  fetch(`${of.aws.endpoint}/_lab/${path}`, { method, body: body === undefined ? null : JSON.stringify(body) });
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

test('another process pushes the time forward, where it can be', async () => {
  const time = new SteeredTime(Date.parse('2026-11-22T03:00:00Z'));
  await using steered = await startLab({ time });
  await using real = await startLab({ time: realTime });
  const asleep = time.sleep(3_000_000);
  const answer = await door('POST', 'time/advance', { ms: 3_600_000 }, steered);
  expect(answer.status).toBe(200);
  const { now } = (await answer.json()) as { now: number };
  expect(new Date(now).toISOString()).toMatch(/^2026-11-22T04:00:/);
  expect(await (await door('GET', 'time', undefined, steered)).json()).toEqual({ now: expect.closeTo(now, -4) });
  await asleep;
  expect((await door('POST', 'time/advance', { ms: -1 }, steered)).status).toBe(400);
  expect((await door('POST', 'time/advance', { ms: 1 }, real)).status).toBe(409);
});
