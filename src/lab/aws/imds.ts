import { randomBytes } from 'node:crypto';
import type { InstanceId } from '../../shared/ids.ts';
import type { Account } from './account.ts';
import type { CallHook } from './call-hook.ts';
import type { HttpAnswer } from './http-server.ts';
import { type HttpRequest, type HttpServer, serve } from './http-server.ts';
import { HOST_ROLE, type TemporaryCredentials } from './iam/principals.ts';

/** New credentials appear at least five minutes before the old ones expire [doc: IAM roles for Amazon EC2]. */
const RENEW_BEFORE_MS = 5 * 60_000;
const MAX_TTL_SECONDS = 21_600;

export interface ImdsOptions {
  readonly account: Account;
  readonly instanceId: InstanceId;
  readonly issue: () => TemporaryCredentials;
  readonly now: () => number;
  readonly callHook: CallHook;
}

/** The instance metadata service of one host, version 2 only, on a loopback address of its own. */
export async function startImds(address: string, options: ImdsOptions): Promise<HttpServer> {
  const tokens = new Map<string, number>();
  const credentials = currentCredentials(options);

  return serve(address, async (request) => {
    await options.callHook({ service: 'imds', action: request.path, dryRun: false });
    if (request.path === '/latest/api/token') return giveToken(request, tokens, options.now());
    const token = request.headers['x-aws-ec2-metadata-token'];
    if ((tokens.get(token ?? '') ?? 0) <= options.now()) return text(401, '');
    if (request.method !== 'GET') return text(405, '');
    const found = lookUp(request.path, options, credentials);
    return found === undefined ? text(404, '') : text(200, found);
  });
}

/** PUT with a lifetime of 1 to 21,600 seconds; a request that came through a proxy gets none. */
function giveToken(request: HttpRequest, tokens: Map<string, number>, now: number): HttpAnswer {
  if (request.method !== 'PUT') return text(405, '');
  if (request.headers['x-forwarded-for'] !== undefined) return text(403, '');
  const ttl = request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ?? '';
  if (!/^\d{1,5}$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > MAX_TTL_SECONDS) return text(400, '');
  for (const [token, expires] of tokens) if (expires <= now) tokens.delete(token);
  const token = randomBytes(40).toString('base64');
  tokens.set(token, now + Number(ttl) * 1000);
  return { ...text(200, token), headers: { 'x-aws-ec2-metadata-token-ttl-seconds': ttl } };
}

function lookUp(path: string, { account, instanceId }: ImdsOptions, credentials: () => object): string | undefined {
  switch (path.replace(/\/$/, '')) {
    case '/latest/meta-data/instance-id':
      return instanceId;
    case '/latest/meta-data/placement/region':
      return account.region;
    case '/latest/meta-data/placement/availability-zone':
      return `${account.region}a`;
    case '/latest/dynamic/instance-identity/document':
      return JSON.stringify({
        accountId: account.id,
        architecture: 'x86_64',
        availabilityZone: `${account.region}a`,
        instanceId,
        instanceType: 'm7i.large',
        region: account.region,
        version: '2017-09-30',
      });
    case '/latest/meta-data/iam/security-credentials':
      return HOST_ROLE;
    case `/latest/meta-data/iam/security-credentials/${HOST_ROLE}`:
      return JSON.stringify(credentials());
    default:
      return undefined;
  }
}

function currentCredentials({ issue, now }: ImdsOptions): () => object {
  let current: { issuedAt: number; credentials: TemporaryCredentials } | undefined;
  return () => {
    if (current === undefined || current.credentials.expiration.getTime() - now() < RENEW_BEFORE_MS) {
      current = { issuedAt: now(), credentials: issue() };
    }
    const { issuedAt, credentials } = current;
    return {
      Code: 'Success',
      Type: 'AWS-HMAC',
      LastUpdated: seconds(issuedAt),
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      Token: credentials.sessionToken,
      Expiration: seconds(credentials.expiration.getTime()),
    };
  };
}

const seconds = (time: number): string => new Date(time).toISOString().replace(/\.\d+/, '');
const text = (status: number, body: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
});
