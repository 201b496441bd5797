import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string | Uint8Array;
}

/** Whatever asks here is answered with `answer`. */
export interface AwsEndpoint extends AsyncDisposable {
  readonly url: string;
  answer: Answer;
}

/** An HTTP server on loopback in the place of AWS. */
export async function answeringEndpoint(): Promise<AwsEndpoint> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(endpoint.answer.status).end(endpoint.answer.body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const endpoint: AwsEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: { status: 500, body: '' },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return endpoint;
}

/** XML as EC2 writes it: a list as `item` elements, everything else by its name. */
export function asXml(value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => `<item>${asXml(each)}</item>`).join('');
  if (typeof value !== 'object' || value === null)
    return String(value).replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return Object.entries(value)
    .map(([name, below]) => `<${name}>${asXml(below)}</${name}>`)
    .join('');
}
