import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent';
import { caBundle } from './ca-bundle.ts';
import { proxyFor } from './proxy-for.ts';

/** A client has one kind of request: it needs few connections. */
const CONNECTIONS = { keepAlive: true, maxSockets: 50 };

type Handle = NodeHttpHandler['handle'];

/** The same error goes on: the SDK and our tables of errors go by its name and code. */
function ofProxy({ host }: URL, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  error.message = `proxy ${host}: ${error.message}`;
  // The tunnel was refused (hpagent gives no code): nothing of the request has left this host.
  return /: Bad response: \d+$/.test(error.message) ? Object.assign(error, { code: 'ECONNREFUSED' }) : error;
}

/**
 * The SDK's handler of requests, for one client: each request goes through the proxy that the environment names for its
 * destination, and believes the authorities of AWS_CA_BUNDLE; the SDK itself looks at neither. What fails on the way to the proxy names the proxy.
 */
export class RequestHandler extends NodeHttpHandler {
  readonly #options: NodeHttpHandlerOptions;
  readonly #connections: typeof CONNECTIONS & { readonly ca?: string };
  readonly #tunnels = new Map<string, NodeHttpHandler>();

  constructor(options: NodeHttpHandlerOptions = {}) {
    const ca = caBundle();
    super({ ...options, ...(ca && { httpsAgent: { ...CONNECTIONS, ca } }) });
    this.#options = options;
    this.#connections = { ...CONNECTIONS, ...(ca && { ca }) };
  }

  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    const proxy = proxyFor(request);
    if (proxy === undefined) return super.handle(request, options);
    try {
      return await this.#tunnelThrough(proxy).handle(request, options);
    } catch (error) {
      throw ofProxy(proxy, error);
    }
  }

  override destroy(): void {
    super.destroy();
    for (const tunnel of this.#tunnels.values()) tunnel.destroy();
  }

  #tunnelThrough(proxy: URL): NodeHttpHandler {
    const known = this.#tunnels.get(proxy.href);
    if (known !== undefined) return known;
    const agents = {
      httpAgent: new HttpProxyAgent({ ...this.#connections, proxy }),
      httpsAgent: new HttpsProxyAgent({ ...this.#connections, proxy }),
    };
    const tunnel = new NodeHttpHandler({ ...this.#options, ...agents });
    this.#tunnels.set(proxy.href, tunnel);
    return tunnel;
  }
}
