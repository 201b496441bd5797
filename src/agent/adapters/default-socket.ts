import { existsSync } from 'node:fs';
import { RunError } from '../../shared/errors.ts';
import { identifySocket } from './socket-owner.ts';

/** Where the distributions' packages put it, and where MySQL's own archives do. */
const SOCKETS = ['/run/mysqld/mysqld.sock', '/var/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock'];
const WORLD_WRITABLE = '/tmp/mysql.sock';

/** The first that is there, else the first of all, for the message; one in /tmp only where the server has made it. */
export const defaultSocket = (): string =>
  SOCKETS.find((path) => existsSync(path)) ?? (isServers(WORLD_WRITABLE) ? WORLD_WRITABLE : (SOCKETS[0] ?? ''));

function isServers(socket: string): boolean {
  try {
    return identifySocket(socket) !== undefined;
  } catch (error) {
    if (error instanceof RunError) return false;
    throw error;
  }
}
