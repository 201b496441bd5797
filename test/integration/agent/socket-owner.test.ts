import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { identifySocket } from '../../../src/agent/adapters/socket-owner.ts';

const MYSQL = Number(/^mysql:x:(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1]);
const [EVE, BOB] = [65_533, 65_532];

const folder = mkdtempSync(join(tmpdir(), 'socket-owner-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));
const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

async function listen(socket: string): Promise<void> {
  const server = createServer();
  running.push(server);
  await once(server.listen(socket), 'listening');
}

let count = 0;
/** A socket in a folder, each of this owner and mode. */
async function socketIn(options: {
  folder: [uid: number, mode: number, gid?: number];
  socket: number;
}): Promise<string> {
  const [uid, mode, gid = uid] = options.folder;
  const place = join(folder, `${++count}`);
  mkdirSync(place);
  const socket = join(place, 'mysql.sock');
  await listen(socket);
  chownSync(socket, options.socket, options.socket);
  chownSync(place, uid, gid);
  chmodSync(place, mode);
  return socket;
}

const untrusted = expect.objectContaining({ code: 'server-untrusted' });

it.each<[what: string, folder: [uid: number, mode: number, gid?: number], socket: number]>([
  ['made by root', [0, 0o755], 0],
  ['of the server in its own folder', [MYSQL, 0o755], MYSQL],
  ['of another account in a folder that root has given it', [BOB, 0o750], BOB],
  ['of the server in a folder like /tmp', [0, 0o1777], MYSQL],
  ['of root in a folder like /tmp', [0, 0o1777], 0],
  ['in a folder of the group of root', [0, 0o775], MYSQL],
])('a socket is trusted %s', async (_what, place, owner) => {
  expect(identifySocket(await socketIn({ folder: place, socket: owner }))).toContain(`of ${owner}`);
});

it.each<[what: string, folder: [uid: number, mode: number, gid?: number], socket: number]>([
  ['of any account in a folder like /tmp', [0, 0o1777], EVE],
  ['of the server in a folder where any account may replace it', [MYSQL, 0o777], MYSQL],
  ['of a member of the group that may write the folder', [0, 0o3775, BOB], EVE],
  ['in a folder where a group may replace it', [0, 0o775, BOB], MYSQL],
])('a socket is not trusted %s', async (_what, place, owner) => {
  const socket = await socketIn({ folder: place, socket: owner });
  expect(() => identifySocket(socket)).toThrow(untrusted);
});

it('a folder above that keeps others out makes up for one below, and a symbolic link is followed', async () => {
  const socket = await socketIn({ folder: [BOB, 0o777], socket: EVE });
  expect(() => identifySocket(socket)).toThrow(untrusted);
  const link = join(folder, 'link');
  symlinkSync(join(socket, '..'), link);
  expect(() => identifySocket(join(link, 'mysql.sock'))).toThrow(untrusted);
  chmodSync(folder, 0o700);
  expect(identifySocket(socket)).toBeDefined();
  expect(identifySocket(join(link, '..', `${count}`, 'mysql.sock'))).toBe(identifySocket(socket));
  chmodSync(folder, 0o755);
});

it('a socket that is not there is none', () => {
  expect(identifySocket(join(folder, 'none'))).toBeUndefined();
});
