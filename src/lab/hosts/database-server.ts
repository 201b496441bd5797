import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from '../machine/shell.ts';
import { REDO_LOG_SIZE } from './data-directory-cache.ts';
import { type Durability, durabilitySettings } from './durability.ts';

const START_DEADLINE_MS = 60_000;
const POLL_MS = 25;

export interface ServerOptions {
  readonly datadir: string;
  /** Path and base name of the binary log: on a volume of its own. */
  readonly logBin: string;
  /** A folder for socket, pid file, error log and temporary files, never on a file system that is frozen. */
  readonly runFolder: string;
  readonly serverId: number;
  readonly durability: Durability;
  /** On the loopback device; without it the server is reached over its socket alone. */
  readonly port?: number;
  /** Where the server runs: prefix of its argument array. */
  readonly enter?: readonly string[];
  readonly extra?: readonly string[];
}

/**
 * A real MariaDB server, run by the account `mysql`, reached over its socket; by replicas over its port. It ends by SIGKILL: nothing that
 * a lab's server has written is needed after it.
 */
export interface DatabaseServer extends AsyncDisposable {
  readonly pid: number;
  readonly socket: string;
  readonly port?: number;
  readonly errorLog: string;
  /** A connection as root. The caller ends it. */
  connect(): Promise<Connection>;
}

export async function startServer(shell: Shell, options: ServerOptions): Promise<DatabaseServer> {
  const { runFolder } = options;
  const temporary = join(runFolder, 'tmp');
  await mkdir(temporary, { recursive: true });
  await shell.run(['chown', '-R', 'mysql:mysql', runFolder]);
  const socket = join(runFolder, 'server.sock');
  const errorLog = join(runFolder, 'server.err');
  const child = shell.start(
    [
      ...(options.enter ?? []),
      'mariadbd',
      '--no-defaults',
      '--user=mysql',
      `--datadir=${options.datadir}`,
      `--socket=${socket}`,
      `--pid-file=${join(runFolder, 'server.pid')}`,
      `--log-error=${errorLog}`,
      `--tmpdir=${temporary}`,
      ...networkSettings(options.port),
      `--log-bin=${options.logBin}`,
      '--binlog-format=ROW',
      '--gtid-strict-mode=ON',
      `--server-id=${options.serverId}`,
      '--innodb-buffer-pool-size=64M',
      `--innodb-log-file-size=${REDO_LOG_SIZE}`,
      ...durabilitySettings(options.durability),
      ...(options.extra ?? []),
    ],
    { stdio: 'ignore' },
  );
  const { pid } = child;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const connect = () => mysql.createConnection({ socketPath: socket, user: 'root' });
  const hasEnded = () => pid === undefined || child.exitCode !== null || child.signalCode !== null;

  const giveUp = Date.now() + START_DEADLINE_MS;
  while (!(await answers(connect))) {
    if (hasEnded() || Date.now() > giveUp) {
      child.kill('SIGKILL');
      throw new RunError('lab-unfit', `mariadbd does not start: ${await firstError(errorLog)}`);
    }
    await sleep(POLL_MS, undefined, { signal: shell.signal });
  }
  return {
    pid: pid ?? 0,
    socket,
    ...(options.port !== undefined && { port: options.port }),
    errorLog,
    connect,
    async [Symbol.asyncDispose]() {
      if (!hasEnded()) child.kill('SIGKILL');
      await ended;
    },
  };
}

const networkSettings = (port: number | undefined): readonly string[] =>
  port === undefined ? ['--skip-networking'] : ['--bind-address=127.0.0.1', `--port=${port}`];

async function answers(connect: () => Promise<Connection>): Promise<boolean> {
  try {
    const connection = await connect();
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

/** What it complained of first: what follows is that it gives up. */
async function firstError(errorLog: string): Promise<string> {
  const lines = (await readFile(errorLog, 'utf8').catch(() => '')).split('\n');
  return lines.find((line) => line.includes('[ERROR]')) ?? `see ${errorLog}`;
}
