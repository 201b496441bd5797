import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Stands between an agent and its instance metadata service, and knows the secrets that went through. */
export interface MetadataEavesdropper extends AsyncDisposable {
  readonly endpoint: string;
  /** Session tokens of the service itself, secret access keys and session tokens of the role. */
  readonly secrets: ReadonlySet<string>;
}

export async function metadataEavesdropper(behind: string): Promise<MetadataEavesdropper> {
  const secrets = new Set<string>();
  const server = createServer((asked, answer) => {
    const { method, headers, url = '/' } = asked;
    const passed = request(new URL(url, behind), { method, headers }, async (response) => {
      const body = await text(response);
      if (method === 'PUT') secrets.add(body);
      for (const [, secret = ''] of body.matchAll(/"(?:SecretAccessKey|Token)":"([^"]+)"/g)) secrets.add(secret);
      answer.writeHead(response.statusCode ?? 500, response.headers).end(body);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
