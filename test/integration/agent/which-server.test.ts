import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectToServer } from '../../../src/agent/adapters/server-session.ts';
import type { TlsOptions } from '../../../src/agent/options/tls-options.ts';
import { expectHostWhole, type OneHost, oneHost } from '../../support/one-host.ts';

const NOBODY = 65_534;

let host: OneHost;
let port: number;
let folder: string;
beforeAll(async () => {
  port = await freePort();
  const network = ['--skip-networking=OFF', '--bind-address=127.0.0.1', `--port=${port}`];
  host = await oneHost({ volumes: 'one', server: 'mysql-9.7', extra: network });
  folder = join(host.optionFile, '..');
  await host.root.query(`CREATE USER ebs_snapshot@'127.0.0.1' IDENTIFIED BY '${host.password}'`);
  const [grants] = await host.root.query<RowDataPacket[]>('SHOW GRANTS FOR ebs_snapshot@localhost');
  for (const grant of grants.flatMap((row) => Object.values(row).map(String))) {
    await host.root.query(grant.replace('`localhost`', '`127.0.0.1`'));
  }
});
afterAll(async () => {
  await expectHostWhole(host);
  await host?.[Symbol.asyncDispose]();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The plan by an option file of this text, after the account and its password. */
async function planBy(text: string) {
  const file = join(folder, 'which.cnf');
  const account = `[client]\nuser=ebs_snapshot\npassword=${host.password}\n`;
  writeFileSync(file, account + text, { mode: 0o600 });
  return host.agent('plan', '--defaults-file', file);
}

/** A listener that greets as MySQL does, and keeps what it is sent. */
async function impostor(where: { path: string } | { port: number; host: string }) {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => heard.push(data));
    const nonce = Buffer.from('abcdefghijklmnopqrst');
    const payload = Buffer.concat([
      Buffer.from([10]),
      Buffer.from('8.0.36\0'),
      Buffer.from([1, 0, 0, 0]),
      nonce.subarray(0, 8),
      // Capabilities without TLS, utf8mb4, autocommit; 21 bytes of nonce.
      Buffer.from([0, 0xff, 0xf7, 45, 2, 0, 0xff, 0xdf, 21, ...Buffer.alloc(10)]),
      nonce.subarray(8),
      Buffer.from('\0caching_sha2_password\0'),
    ]);
    socket.write(Buffer.concat([Buffer.from([payload.length, 0, 0, 0]), payload]));
  });
  await once(server.listen(where), 'listening');
  return { heard: () => Buffer.concat(heard).toString('latin1'), [Symbol.dispose]: () => void server.close() };
}

describe('the server that is met', () => {
  it('is named in the log, and by the plan', async () => {
    for (const command of ['plan', 'snapshot']) {
      const { stderr } = await host.agent(command);
      expect(stderr).toContain(`the server at ${host.server.socket} is mysql 9.7`);
      expect(stderr).toContain(`its server id 7, its data directory ${host.datadir}`);
    }
  });

  it('is the one over TCP where an option says so, by a certificate', async () => {
    const ca = join(host.datadir, 'ca.pem');
    const tcp = `socket=/nowhere\nprotocol=tcp\nport=${port}\nssl-ca=${ca}\n`;
    const run = await planBy(tcp);
    expect(run.stderr).toContain(`the server at localhost:${port} is mysql`);
    expect(run.status).toBe(0);
  });

  it('is never one that only MariaDB’s programs would meet', async () => {
    const run = await planBy(`[client-server]\nsocket=${host.server.socket}\n`);
    expect(run).toMatchObject({ status: 2, result: { code: 'usage' } });
    expect(run.result?.message).toContain('[client-server] decides which server is met');
  });
});

describe('no secret goes to', () => {
  it('a server over TCP that nothing proves', async () => {
    const other = await freePort();
    using listener = await impostor({ host: '127.0.0.1', port: other });
    const run = await planBy(`host=127.0.0.1\nport=${other}\n`);
    expect(run).toMatchObject({ status: 17, result: { code: 'server-untrusted' } });
    expect(listener.heard()).toBe('');
  });

  it('a server over TCP with another certificate, or none', async () => {
    const other = await freePort();
    using listener = await impostor({ host: '127.0.0.1', port: other });
    const caFile = join(host.datadir, 'client-cert.pem');
    const options = { socket: undefined, host: '127.0.0.1', user: 'ebs_snapshot', password: host.password };
    const tls = { caFile, verifyIdentity: false };
    for (const each of [port, other]) {
      await expect(connectToServer({ ...options, port: each, tls })).rejects.toMatchObject({
        code: 'server-untrusted',
      });
    }
    expect(listener.heard()).not.toContain('ebs_snapshot');
  });

  it('a socket that any account may have made', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o1777);
    const socket = join(open, 'mysql.sock');
    using listener = await impostor({ path: socket });
    chownSync(socket, NOBODY, NOBODY);
    const run = await planBy(`socket=${socket}\n`);
    expect(run).toMatchObject({ status: 17, result: { code: 'server-untrusted' } });
    expect(run.result?.message).toContain(`uid ${NOBODY} made ${socket}`);
    expect(listener.heard()).toBe('');
  });
});

describe('over TCP', () => {
  const pem = (name: string) => join(host.datadir, `${name}.pem`);
  const toPort = (user: string, tls: Partial<TlsOptions>) => {
    const options = { socket: undefined, host: '127.0.0.1', port, user, password: host.password };
    return connectToServer({ ...options, tls: { caFile: pem('ca'), verifyIdentity: false, ...tls } });
  };

  it('an account proves itself by its certificate, in the version that is said', async () => {
    await host.root.query(`CREATE USER proven@'127.0.0.1' IDENTIFIED BY '${host.password}' REQUIRE X509`);
    const account = { certFile: pem('client-cert'), keyFile: pem('client-key') };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      await using session = await toPort('proven', { account, versions: [version, version] });
      expect(await session.run("SHOW SESSION STATUS LIKE 'Ssl_version'")).toMatchObject([{ Value: version }]);
    }
    await expect(toPort('proven', {})).rejects.toMatchObject({ code: 'server-denied' });
    const swapped = { certFile: account.keyFile, keyFile: account.certFile };
    await expect(toPort('proven', { account: swapped })).rejects.toMatchObject({ code: 'usage' });
    await host.root.query("DROP USER proven@'127.0.0.1'");
  });

  it('one authority of a bundle is not believed for any host', async () => {
    const caFile = join(folder, 'bundle.pem');
    writeFileSync(caFile, [readFileSync(pem('ca'), 'utf8'), rootCertificates[0]].join('\n'));
    const message = `ssl-ca ${caFile}: 2 authorities, and no host is asked for`;
    await expect(toPort('ebs_snapshot', { caFile })).rejects.toMatchObject({ code: 'server-untrusted', message });
  });
});
