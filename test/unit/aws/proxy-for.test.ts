import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { proxyFor } from '../../../src/aws/proxy-for.ts';
import { RunError } from '../../../src/shared/errors.ts';

const EC2 = { protocol: 'https:', hostname: 'ec2.eu-central-1.amazonaws.com' };
const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

beforeEach(() => {
  for (const name of VARIABLES) for (const each of [name, name.toUpperCase()]) vi.stubEnv(each, undefined);
});
afterEach(() => vi.unstubAllEnvs());

const through = (environment: Readonly<Record<string, string>>, destination: Parameters<typeof proxyFor>[0] = EC2) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return proxyFor(destination)?.href;
};

it.each<[string, Record<string, string>, string | undefined]>([
  ['no variable', {}, undefined],
  ['HTTPS_PROXY', { HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
  ['in lower case', { https_proxy: 'http://proxy:3128' }, 'http://proxy:3128/'],
  ['HTTP_PROXY alone', { HTTP_PROXY: 'http://proxy:3128' }, undefined],
  ['ALL_PROXY', { ALL_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
  ['an empty one', { HTTPS_PROXY: '' }, undefined],
  ['without a protocol', { HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128/'],
  ['spoken to by TLS', { HTTPS_PROXY: 'https://proxy:3129' }, 'https://proxy:3129/'],
  ['NO_PROXY, the host', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: EC2.hostname }, undefined],
  ['NO_PROXY, the domain', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'local,.amazonaws.com' }, undefined],
  ['NO_PROXY, everything', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*' }, undefined],
  ['NO_PROXY, others', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '169.254.169.254' }, 'http://proxy:3128/'],
])('finds the proxy by the environment: %s', (_, environment, expected) => {
  expect(through(environment)).toBe(expected);
});

it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])('is never needed for this host: %s', (hostname) => {
  expect(through({ HTTP_PROXY: 'http://proxy:3128' }, { protocol: 'http:', hostname, port: 4566 })).toBeUndefined();
});

it.each(['socks5://user:s3cret@proxy:1080', 'http://user:s3cret@'])(
  'refuses a value that names no HTTP proxy, and does not repeat it: %s',
  (value) => {
    const error = (() => {
      try {
        return through({ HTTPS_PROXY: value });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(RunError);
    const { code, message, hint } = error as RunError;
    expect(code).toBe('usage');
    expect(message).toContain('HTTPS_PROXY');
    expect(message + hint).not.toContain('s3cret');
  },
);
