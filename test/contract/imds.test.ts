import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instanceId, type Lab, metadataCredentials, plainHost, startLab } from './embedded-lab.ts';

let lab: Lab;
let endpoint: string;
beforeEach(async () => {
  lab = await startLab({ credentialLifetimeMs: 3_600_000 });
  endpoint = (await lab.aws.addHost(plainHost(1))).imdsEndpoint;
});
afterEach(() => lab[Symbol.asyncDispose]());

const ask = (path: string, init?: RequestInit) => fetch(`${endpoint}${path}`, init);
const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const token = async (): Promise<string> =>
  (await ask('/latest/api/token', { method: 'PUT', headers: { [TTL]: '60' } })).text();
const get = async (path: string) => ask(path, { headers: { 'x-aws-ec2-metadata-token': await token() } });

describe('version 2 only', () => {
  test('without a token there is nothing', async () => {
    expect((await ask('/latest/meta-data/instance-id')).status).toBe(401);
    expect(
      (await ask('/latest/meta-data/instance-id', { headers: { 'x-aws-ec2-metadata-token': 'guess' } })).status,
    ).toBe(401);
  });

  test.each([
    ['no lifetime', {}, 400],
    ['a lifetime of nothing', { [TTL]: '0' }, 400],
    ['more than six hours', { [TTL]: '21601' }, 400],
    ['through a proxy', { [TTL]: '60', 'x-forwarded-for': '10.0.0.1' }, 403],
  ])('a token with %s is refused', async (_what, headers, status) => {
    expect((await ask('/latest/api/token', { method: 'PUT', headers })).status).toBe(status);
  });

  test('a token is had by PUT alone', async () => {
    expect((await ask('/latest/api/token', { headers: { [TTL]: '60' } })).status).toBe(405);
  });
});

test('what it tells', async () => {
  expect(await (await get('/latest/meta-data/instance-id')).text()).toBe(instanceId(1));
  expect(await (await get('/latest/meta-data/placement/region')).text()).toBe(lab.aws.region);
  expect(await (await get('/latest/dynamic/instance-identity/document')).json()).toMatchObject({
    instanceId: instanceId(1),
    region: lab.aws.region,
    accountId: lab.aws.accountId,
  });
  expect((await get('/latest/user-data')).status).toBe(404);
});

test("the SDK's provider finds credentials that expire", async () => {
  const credentials = await metadataCredentials(endpoint)();
  expect(credentials.sessionToken).toBeDefined();
  const left = (credentials.expiration?.getTime() ?? 0) - Date.now();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(3_600_000);
});

test('every host has an address and credentials of its own', async () => {
  const other = (await lab.aws.addHost(plainHost(2))).imdsEndpoint;
  expect(new URL(other).hostname).not.toBe(new URL(endpoint).hostname);
  const [one, two] = [await metadataCredentials(endpoint)(), await metadataCredentials(other)()];
  expect(one.accessKeyId).not.toBe(two.accessKeyId);
});
