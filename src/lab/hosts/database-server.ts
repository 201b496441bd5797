import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import type { Shell } from '../machine/shell.ts';
import type { Distribution } from '../servers/distribution.ts';
import { type Durability, durabilitySettings } from './durability.ts';

/** For the start, and for the shutdown. */
const DEADLINE_MS = 60_000;
const POLL_MS = 25;

export interface ServerOptions {
  readonly distribution: Distribution;
  readonly datadir: string;
  /** Path and base name of the binary log: on a volume of its own. */
  readonly logBin: string;
  /** A folder on a volume of its own, where tables may be created with DATA DIRECTORY. */
  readonly elsewhere?: string;
  /** A folder for socket, pid file, error log and temporary files, never on a file system that is frozen. */
  readonly runFolder: string;
  readonly serverId: number;
  readonly durability: Durability;
  /** Takes connections on this port of 127.0.0.1 as well; without it the server has no network. */
  readonly tcpPort?: number;
  /** Where the server runs: prefix of its argument array. */
  readonly enter?: readonly string[];
  /** Options more: they win over those that the lab gives. */
  readonly extra?: readonly string[];
}

/**
 * A real server, run by the account `mysql`, reached over its socket. It ends by SIGKILL: nothing that
 * a lab's server has written is needed after it.
 */
export interface DatabaseServer extends AsyncDisposable {
  readonly distribution: Distribution;
  /** Of the process that runs now. */
  readonly pid: number;
  readonly socket: string;
  /** On 127.0.0.1, where it has a network. */
  readonly tcpPort?: number;
  readonly errorLog: string;
  /** A connection as root. The caller ends it. */
  connect(): Promise<Connection>;
  /** Shuts it down in order and starts it with the same options; every connection ends. Throws RunError `lab-unfit`. */
  restart(): Promise<void>;
}

/** Starts a server and waits until it answers. Throws RunError `lab-unfit` with what it complained of. */
export async function startServer(shell: Shell, options: ServerOptions): Promise<DatabaseServer> {
  const { runFolder, distribution } = options;
  const { flavour } = distribution;
  const temporary = join(runFolder, 'tmp');
  await mkdir(temporary, { recursive: true });
  await shell.run(['chown', '-R', 'mysql:mysql', runFolder]);
  const socket = join(runFolder, 'server.sock');
  const errorLog = join(runFolder, 'server.err');
  const argv = argumentsOf(options, { temporary, socket, errorLog });
  const connect = () => mysql.createConnection({ socketPath: socket, user: 'root' });

  const launch = async () => {
    const running = startProcess(shell, argv);
    const giveUp = Date.now() + DEADLINE_MS;
    while (!(await answers(connect))) {
      if (running.hasEnded() || Date.now() > giveUp) {
        running.kill();
        throw new RunError('lab-unfit', `${flavour.daemon} does not start: ${await firstError(errorLog)}`);
      }
      await sleep(POLL_MS, undefined, { signal: shell.signal });
    }
    return running;
  };
  let running = await launch();
  return {
    distribution,
    get pid() {
      return running.pid;
    },
    socket,
    ...(options.tcpPort !== undefined && { tcpPort: options.tcpPort }),
    errorLog,
    connect,
    async restart() {
      const root = await connect();
      root.on('error', () => undefined);
      // It may be gone before it has answered.
      await root.query('SHUTDOWN').catch(() => undefined);
      const giveUp = Date.now() + DEADLINE_MS;
      while (!running.hasEnded()) {
        if (Date.now() > giveUp)
          throw new RunError('lab-unfit', `${flavour.daemon} does not shut down: see ${errorLog}`);
        await sleep(POLL_MS, undefined, { signal: shell.signal });
      }
      running = await launch();
    },
    async [Symbol.asyncDispose]() {
      running.kill();
      await running.ended;
    },
  };
}

interface Places {
  readonly temporary: string;
  readonly socket: string;
  readonly errorLog: string;
}

function argumentsOf(options: ServerOptions, { temporary, socket, errorLog }: Places): readonly string[] {
  const { flavour, programs } = options.distribution;
  return [
    ...(options.enter ?? []),
    ...programs.daemon(flavour.daemon),
    '--no-defaults',
    ...programs.folderOptions,
    '--user=mysql',
    `--datadir=${options.datadir}`,
    `--socket=${socket}`,
    `--pid-file=${join(options.runFolder, 'server.pid')}`,
    `--log-error=${errorLog}`,
    `--tmpdir=${temporary}`,
    ...networking(options.tcpPort),
    `--log-bin=${options.logBin}`,
    `--server-id=${options.serverId}`,
    '--innodb-buffer-pool-size=64M',
    ...flavour.startOptions,
    ...(options.elsewhere === undefined ? [] : flavour.tablesIn(options.elsewhere)),
    ...durabilitySettings(options.durability),
    ...(options.extra ?? []),
  ];
}

function startProcess(shell: Shell, argv: readonly string[]) {
  const child = shell.start(argv, { stdio: 'ignore' });
  const { pid } = child;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const hasEnded = () => pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const kill = () => void (hasEnded() || child.kill('SIGKILL'));
  return { pid: pid ?? 0, ended, hasEnded, kill };
}

const networking = (tcpPort: number | undefined): readonly string[] =>
  tcpPort === undefined ? ['--skip-networking'] : ['--bind-address=127.0.0.1', `--port=${tcpPort}`];

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
