import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';

/** EC2 accepts a signature for five minutes [doc: Query requests]. */
const SIGNATURE_VALID_MS = 5 * 60_000;

/** Stands before an AWS whose clock is so far ahead of ours: it gives its own time, and refuses older signatures. */
export async function clockAhead(
  endpoint: string,
  aheadMs: number,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const now = () => new Date(Date.now() + aheadMs);
  const server = createServer((asked, answer) => {
    const date = now().toUTCString();
    const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(String(asked.headers['x-amz-date'])) ?? [];
    const iso = `${day?.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time?.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
    if (now().getTime() - Date.parse(iso) <= SIGNATURE_VALID_MS) return passOn(endpoint, asked, answer, { date });
    asked.resume();
    const speaksJson = asked.headers['x-amz-target'] !== undefined;
    answer.writeHead(400, { date }).end(speaksJson ? SIGNATURE_EXPIRED : REQUEST_EXPIRED);
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, [Symbol.asyncDispose]: () => closed(server) };
}

const REQUEST_EXPIRED =
  '<Response><Errors><Error><Code>RequestExpired</Code><Message>Request has expired.</Message></Error></Errors></Response>';

const SIGNATURE_EXPIRED = '{"__type":"InvalidSignatureException","message":"Signature expired"}';

export interface TunnelProxy extends AsyncDisposable {
  /** `host:port` */
  readonly address: string;
  /** Where tunnels were asked for, `host:port`. */
  readonly asked: readonly string[];
  /** The file of the certificate authority of all that stands behind it. */
  readonly authority: string;
}

/**
 * A proxy that wants a name and a password, and AWS behind it by TLS, under whatever name it is asked for. Its keys go to
 * `folder`.
 */
export async function tunnelProxy(endpoint: string, host: string, login: string, folder: string): Promise<TunnelProxy> {
  const [key, authority] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const files = ['-keyout', key, '-out', authority];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...names, ...files], {
    stdio: 'ignore',
  });
  const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(authority) }, (asked, answer) =>
    passOn(endpoint, asked, answer),
  );
  const tlsPort = await listen(tls);
  const asked: string[] = [];
  const proxy = createServer((_, answer) => answer.writeHead(405).end());
  proxy.on('connect', ({ url = '', headers }, socket) => {
    asked.push(url);
    if (headers['proxy-authorization'] !== `Basic ${Buffer.from(login).toString('base64')}`)
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const behind = connect(tlsPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      behind.pipe(socket).pipe(behind);
    });
    for (const end of [behind, socket]) end.on('error', () => [behind, socket].map((each) => each.destroy()));
    return undefined;
  });
  const port = await listen(proxy);
  return {
    address: `127.0.0.1:${port}`,
    asked,
    authority,
    async [Symbol.asyncDispose]() {
      await Promise.all([closed(proxy), closed(tls)]);
    },
  };
}

function passOn(endpoint: string, asked: IncomingMessage, answer: ServerResponse, own: NodeJS.Dict<string> = {}): void {
  const { method, headers, url = '/' } = asked;
  const further = request(new URL(url, endpoint), { method, headers }, (given) => {
    answer.writeHead(given.statusCode ?? 500, { ...given.headers, ...own });
    given.pipe(answer);
  });
  asked.pipe(further);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server & { closeAllConnections?(): void }): Promise<void> {
  server.closeAllConnections?.();
  await new Promise((done) => server.close(done));
}
