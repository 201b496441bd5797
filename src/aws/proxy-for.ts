import { getProxyForUrl } from 'proxy-from-env';
import { RunError } from '../shared/errors.ts';

/** Where a request goes, as the SDK says it. */
export interface Destination {
  /** With the colon, like `https:`. */
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i;

/**
 * The proxy of a request by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case; undefined: none. This host is
 * never behind a proxy, as with programs written in Go, SSM Agent among them. Throws RunError `usage` where the variable
 * holds no proxy that speaks HTTP.
 */
export function proxyFor({ protocol, hostname, port }: Destination): URL | undefined {
  if (LOOPBACK.test(hostname)) return undefined;
  const said = getProxyForUrl(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
  if (said === '') return undefined;
  // A bare `host:port` comes back with the request's protocol in front. curl and the AWS CLI speak HTTP to it.
  const written = Object.values(process.env).includes(said) ? said : said.replace(/^\w+:/, 'http:');
  const proxy = URL.canParse(written) ? new URL(written) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  const variable = `${protocol.replace(':', '').toUpperCase()}_PROXY`;
  // The value stays out of the message: it may hold a password.
  throw new RunError('usage', `${variable} (or ALL_PROXY) is not the URL of an HTTP proxy`, {
    hint: `Set it like ${variable}=http://proxy.example.com:3128, or name ${hostname} in NO_PROXY.`,
  });
}
