import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeSnapshotsCommand, EC2Client, type Snapshot } from '@aws-sdk/client-ec2';
import type { Connection } from 'mysql2/promise';
import * as v from 'valibot';
import { expect } from 'vitest';
import { type EmbeddedAws, startEmbeddedAws } from '../../src/lab/aws/embedded-aws.ts';
import { agentAccount } from '../../src/lab/hosts/agent-account.ts';
import { initialDataDirectory } from '../../src/lab/hosts/data-directory-cache.ts';
import { type DatabaseServer, startServer } from '../../src/lab/hosts/database-server.ts';
import { plainShell, type Shell } from '../../src/lab/machine/shell.ts';
import type { Distribution } from '../../src/lab/servers/distribution.ts';
import { installedServer } from '../../src/lab/servers/installed.ts';
import { obtainServer } from '../../src/lab/servers/obtain-server.ts';
import { INSTALLED_SERVER, type ServerName } from '../../src/lab/servers/server-name.ts';
import type { LabHost } from '../../src/lab/world.ts';
import { InstanceId, VolumeId } from '../../src/shared/ids.ts';
import { decodeResult, type Result } from '../../src/shared/result.ts';
import { TAG } from '../../src/shared/tags.ts';
import { type HeldCalls, HoldingHook } from './held-calls.ts';
import { isFrozen, mountXfs, type XfsVolume } from './xfs.ts';

const AGENT = join(import.meta.dirname, '../../dist/agent.cjs');
const ACCOUNT = 'ebs_snapshot';
const PASSWORD = 'c0ffee5ec4e7';

export interface AgentRun {
  readonly status: number | null;
  readonly result: Result | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedAgent {
  readonly pid: number;
  readonly ended: Promise<AgentRun>;
  said(text: string): Promise<void>;
  /** Closes our ends of its stdout and stderr. */
  hangUp(): void;
}

/**
 * One host: a real MariaDB on real XFS, the built agent, and an embedded AWS that keeps no bytes.
 * What the set restores to is the rehearsal's to prove; here it is what the agent does and says.
 */
export interface OneHost extends AsyncDisposable {
  readonly aws: EmbeddedAws;
  readonly server: DatabaseServer;
  readonly mounts: readonly string[];
  readonly datadir: string;
  readonly optionFile: string;
  /** Of the account `ebs_snapshot`, in the option file. */
  readonly password: string;
  readonly imdsEndpoint: string;
  /** What the agent is started with. */
  readonly environment: NodeJS.ProcessEnv;
  /** As root, for what the test does to the server. */
  readonly root: Connection;
  /** Runs the agent to its end, with the option file of the host unless another is named. */
  agent(...argv: string[]): Promise<AgentRun>;
  /** Starts it, for those who mean to disturb it. */
  start(...argv: string[]): StartedAgent;
  /** Starts it by a shell that says `preparation` first, and is then the agent itself. */
  startAfter(preparation: string, ...argv: string[]): StartedAgent;
  /** From now on EC2 has the agent's calls of an action in its hands and does nothing about them, until disposed. */
  holdCalls(action: string): HeldCalls;
  /** Everything that EC2 has of a set. */
  snapshotsOf(set: string | undefined): Promise<readonly Snapshot[]>;
  /** How each of them is graded. */
  gradesOf(set: string | undefined): Promise<readonly (string | undefined)[]>;
}

export interface HostLayout {
  /** `two`: data and binary log on a file system each; `one`: both on the same; `three`: one more, of which nothing is the server's yet. */
  readonly volumes: 'one' | 'two' | 'three';
  readonly extra?: readonly string[];
  /** The installed MariaDB where nothing is said. */
  readonly server?: ServerName;
}

export async function oneHost({ volumes, extra = [], server: name = INSTALLED_SERVER }: HostLayout): Promise<OneHost> {
  const stack: (() => unknown)[] = [];
  const undo = async () => {
    for (const step of stack.reverse()) await step();
  };
  try {
    const storage = mountXfs(...['data', 'binlog', 'elsewhere'].slice(0, { one: 1, two: 2, three: 3 }[volumes]));
    stack.push(() => storage[Symbol.dispose]());
    chmodSync(storage.folder, 0o755);
    const mounts = storage.volumes.map((volume) => volume.mountPoint);
    const [dataMount = '', binlogMount = dataMount, elsewhere] = mounts;

    const shell = plainShell();
    if (elsewhere !== undefined) await shell.run(['chown', 'mysql:mysql', elsewhere]);
    const distribution = await obtainServer(shell, name, randomBytes(4).toString('hex'), () => {});
    const { datadir, logBin } = await layOutDatabase(shell, dataMount, binlogMount, distribution);
    const runFolder = join(storage.folder, 'server');
    const settings = { serverId: 7, durability: '1/1', extra } as const;
    const server = await startServer(shell, { distribution, datadir, logBin, runFolder, ...settings });
    stack.push(() => server[Symbol.asyncDispose]());
    const root = await server.connect();
    stack.push(() => root.destroy());
    await createAgentAccount(root, distribution);

    const calls = new HoldingHook();
    const aws = await startEmbeddedAws({
      store: { capture: async () => {} },
      orchestrationRoot: storage.folder,
      callHook: calls.callHook,
    });
    stack.push(() => aws[Symbol.asyncDispose]());
    const environment = await addInstance(aws, instanceWith(storage.volumes));
    const optionFile = join(storage.folder, 'agent.cnf');
    writeOptionFile(optionFile, server.socket);
    const argumentsOf = (verb = 'snapshot', ...rest: string[]) => {
      const connection =
        rest.some((word) => /^--(defaults-file|capture)$/.test(word)) || verb === 'thaw'
          ? []
          : ['--defaults-file', optionFile];
      const log = verb === 'capture' || rest.includes('--log-file') ? [] : ['--no-log-file'];
      return [verb, ...connection, ...log, ...rest];
    };
    const start: OneHost['start'] = (...argv) => startAgent(argumentsOf(...argv), environment);
    const ec2 = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });

    const snapshotsOf: OneHost['snapshotsOf'] = async (set = '(none)') => {
      const Filters = [{ Name: `tag:${TAG.set}`, Values: [set] }];
      return (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }))).Snapshots ?? [];
    };

    return {
      aws,
      server,
      mounts,
      datadir,
      optionFile,
      password: PASSWORD,
      imdsEndpoint: environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? '',
      environment,
      root,
      start,
      startAfter: (preparation, ...argv) =>
        startAgent(argumentsOf(...argv), environment, ['sh', '-c', `${preparation}; exec "$@"`, 'sh']),
      agent: (...argv) => start(...argv).ended,
      holdCalls: (action) => calls.hold(action),
      snapshotsOf,
      gradesOf: async (set) =>
        (await snapshotsOf(set)).map(({ Tags = [] }) => Tags.find(({ Key }) => Key === TAG.grade)?.Value),
      [Symbol.asyncDispose]: undo,
    };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** An initialised data directory on one file system and the folder of the binary log on another, or on the same. */
export async function layOutDatabase(
  shell: Shell,
  dataMount: string,
  binlogMount: string,
  distribution?: Distribution,
): Promise<{ readonly datadir: string; readonly logBin: string }> {
  const datadir = join(dataMount, 'mysql');
  await shell.run([
    'cp',
    '-a',
    await initialDataDirectory(shell, distribution ?? (await installedServer(shell))),
    datadir,
  ]);
  const binlogFolder = join(binlogMount, 'binlog');
  mkdirSync(binlogFolder);
  await shell.run(['chown', 'mysql:mysql', binlogFolder]);
  return { datadir, logBin: join(binlogFolder, 'binlog') };
}

export async function createAgentAccount(root: Connection, distribution?: Distribution): Promise<void> {
  const flavour = distribution?.flavour.name ?? 'mariadb';
  for (const statement of agentAccount(flavour, ACCOUNT, PASSWORD)) await root.query(statement);
}

export function writeOptionFile(path: string, socket: string): void {
  const options = `[mysql-ebs-snapshot]\nuser=${ACCOUNT}\npassword=${PASSWORD}\nsocket=${socket}\n`;
  writeFileSync(path, options, { mode: 0o600 });
}

export const volumeId = (number: number): VolumeId => v.parse(VolumeId, `vol-${String(number).padStart(17, '0')}`);

/** The instance with these volumes, a boot volume and one that is not the server's. */
export function instanceWith(volumes: readonly XfsVolume[]): LabHost {
  const attached = volumes.map(({ device }, index) => {
    return { volumeId: volumeId(index + 1), sizeGiB: 1, device, tags: { Team: 'db' }, isBoot: false };
  });
  const boot = { volumeId: volumeId(0), sizeGiB: 8, device: '/dev/xvda', tags: {}, isBoot: true };
  const other = { volumeId: volumeId(9), sizeGiB: 5, device: '/dev/sdz', tags: {}, isBoot: false };
  return {
    instanceId: v.parse(InstanceId, 'i-0123456789abcdef0'),
    tags: { Name: 'db-one' },
    volumes: [boot, ...attached, other],
    enter: [],
    environment: {},
  };
}

/** Adds the instance; answers the agent's environment. */
export async function addInstance(aws: EmbeddedAws, instance: LabHost): Promise<NodeJS.ProcessEnv> {
  const { imdsEndpoint } = await aws.addHost(instance);
  return {
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsEndpoint,
  };
}

/** Whatever became of a run, the host has to be as it was: nothing frozen, nothing locked. */
export async function expectHostWhole(host: OneHost): Promise<void> {
  expect(host.mounts.map(isFrozen)).toEqual(host.mounts.map(() => false));
  await host.root.query('DROP TABLE IF EXISTS mysql.host_is_whole');
  await host.root.query('CREATE TABLE mysql.host_is_whole (a INT) ENGINE=InnoDB');
  await host.root.query('INSERT INTO mysql.host_is_whole VALUES (1)');
}

/** Starts the built agent, the leader of a process group of its own; `enter` is a prefix that execs it. */
export function startAgent(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  enter: readonly string[] = [],
): StartedAgent {
  const [program = '', ...rest] = [...enter, process.execPath, AGENT, ...argv];
  const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', detached: true });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([status]) => ({
    status,
    stdout,
    stderr,
    result: decodeResult(stdout.trim()),
  }));
  const said = async (text: string) => {
    while (!stderr.includes(text)) {
      if (child.exitCode !== null) throw new Error(`the agent ended without saying '${text}': ${stderr}`);
      await once(child.stderr, 'data');
    }
  };
  const hangUp = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  return { pid: child.pid ?? 0, ended, said, hangUp };
}
