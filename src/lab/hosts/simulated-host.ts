import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import { type EbsOnBtrfs, newInstanceId, newVolumeId } from '../ebs/ebs-on-btrfs.ts';
import { type LabFolder, makeMachineFolder } from '../machine/lab-folder.ts';
import { type MountNamespace, makeMountNamespace } from '../machine/mount-namespace.ts';
import type { Shell } from '../machine/shell.ts';
import type { Distribution } from '../servers/distribution.ts';
import { replicationDialect } from '../servers/replication-dialect.ts';
import type { LabVolume } from '../world.ts';
import { agentAccount } from './agent-account.ts';
import { initialDataDirectory } from './data-directory-cache.ts';
import { type DatabaseServer, startServer } from './database-server.ts';
import type { Durability } from './durability.ts';
import { freePort } from './free-port.ts';

const BOOT_GIB = 8;
const DATA_GIB = 2;
const BINLOG_GIB = 2;
const OTHER_GIB = 1;

/** The agent's account on the server, and the group of the option file. */
export const AGENT_USER = 'mysql-ebs-snapshot';

/** Folders of the machine that every simulated host has for itself. */
const PRIVATE_FOLDERS = {
  opt: '/opt/mysql-ebs-snapshot',
  run: '/run/mysql-ebs-snapshot',
  log: '/var/log/mysql-ebs-snapshot',
  etc: '/etc/mysql',
} as const;

/** How the installed agent is started on the host. */
export const AGENT = [`${PRIVATE_FOLDERS.opt}/bin/node`, `${PRIVATE_FOLDERS.opt}/agent.cjs`] as const;

/** The agent's state folder, as the host sees it. */
export const STATE_FOLDER = PRIVATE_FOLDERS.run;

/** The option file, as the host sees it. */
export const OPTION_FILE = `${PRIVATE_FOLDERS.etc}/my.cnf`;

export interface HostOptions {
  /** 1, 2 …: the name and the server_id. */
  readonly number: number;
  readonly distribution: Distribution;
  readonly durability: Durability;
  /** The agent's bundle to install; without it the host has none. */
  readonly agentBundle?: string;
  /** Its server can be the source of replicas, and a replica. */
  readonly replicates?: boolean;
}

/** A simulated instance: volumes, mounts, a real server, and an installed agent. */
export interface SimulatedHost {
  readonly instanceId: InstanceId;
  readonly name: string;
  /** Boot, data, binary log, other. */
  readonly volumes: readonly LabVolume[];
  readonly namespace: MountNamespace;
  readonly server: DatabaseServer;
  readonly serverId: number;
  readonly durability: Durability;
  readonly paths: HostPaths;
}

export interface HostPaths {
  /** Mount points. */
  readonly data: string;
  readonly binlog: string;
  readonly other: string;
  readonly datadir: string;
  readonly logBin: string;
}

/**
 * Builds a host: a boot volume without bytes, data and binary log on two XFS volumes, and one volume more that holds
 * nothing of the server until a table is created there, so that a set has something to leave out. The file systems are mounted for the whole machine.
 */
export async function buildHost(
  shell: Shell,
  lab: LabFolder,
  ebs: EbsOnBtrfs,
  options: HostOptions,
): Promise<SimulatedHost> {
  const instanceId = newInstanceId();
  const home = join(lab.path, 'hosts', instanceId);
  const paths: HostPaths = {
    data: join(home, 'data'),
    binlog: join(home, 'binlog'),
    other: join(home, 'other'),
    datadir: join(home, 'data', 'mysql'),
    logBin: join(home, 'binlog', 'mysql-bin'),
  };
  await mkdir(home, { recursive: true });
  const name = `lab-db-${options.number}`;
  const volumes: LabVolume[] = [
    { volumeId: newVolumeId(), sizeGiB: BOOT_GIB, device: '/dev/xvda', tags: { Name: `${name} boot` }, isBoot: true },
  ];
  for (const [what, sizeGiB, mountPoint] of [
    ['data', DATA_GIB, paths.data],
    ['binlog', BINLOG_GIB, paths.binlog],
    ['other', OTHER_GIB, paths.other],
  ] as const) {
    const disk = await ebs.createVolume(instanceId, sizeGiB);
    await shell.run(['mkfs.xfs', '-q', disk.device]);
    await mkdir(mountPoint);
    await shell.run(['mount', disk.device, mountPoint]);
    volumes.push({ ...disk, tags: { Name: `${name} ${what}` }, isBoot: false });
  }

  await shell.run(['cp', '--archive', await initialDataDirectory(shell, options.distribution, lab.id), paths.datadir]);
  await shell.run(['chown', 'mysql:mysql', paths.binlog, paths.other]);
  const { flavour } = options.distribution;
  const server = await startServer(shell, {
    ...paths,
    elsewhere: paths.other,
    distribution: options.distribution,
    runFolder: join(home, 'server'),
    serverId: options.number,
    durability: options.durability,
    ...(options.replicates && { tcpPort: await freePort(), extra: replicationDialect(flavour.name).replicaOptions }),
  });
  const namespace = await installOnHost(shell, lab, home, server, options.agentBundle);
  // What was copied, and what a server makes at its first start, nobody has synced; on a host that has been up for a
  // while the kernel has, and sets of level crash rest on it.
  await shell.run(['sync', '--file-system', paths.data, paths.binlog]);
  const { number, durability } = options;
  return { instanceId, name, volumes, namespace, server, serverId: number, durability, paths };
}

/** Gives the host its own mount namespace with the installed agent, its state and log folders, and the option file. */
async function installOnHost(
  shell: Shell,
  lab: LabFolder,
  home: string,
  server: DatabaseServer,
  agentBundle: string | undefined,
): Promise<MountNamespace> {
  const namespace = await makeMountNamespace(shell);
  for (const [name, folder] of Object.entries(PRIVATE_FOLDERS)) {
    const own = join(home, name);
    await mkdir(own, { mode: name === 'run' ? 0o700 : 0o755 });
    await makeMachineFolder(lab, folder);
    await shell.run([...namespace.enter, 'mount', '--bind', own, folder]);
  }
  await installAgent(join(home, 'opt'), agentBundle);

  const password = randomBytes(16).toString('hex');
  const root = await server.connect();
  for (const statement of agentAccount(server.distribution.flavour.name, AGENT_USER, password))
    await root.query(statement);
  await root.end();
  const optionFile = join(home, 'etc', 'my.cnf');
  const section = [`[${AGENT_USER}]`, `user=${AGENT_USER}`, `password=${password}`, `socket=${server.socket}`];
  await writeFile(optionFile, `${section.join('\n')}\n`, { mode: 0o600 });
  return namespace;
}

async function installAgent(folder: string, bundle: string | undefined): Promise<void> {
  await mkdir(join(folder, 'bin'));
  await symlink(process.execPath, join(folder, 'bin', 'node'));
  if (bundle === undefined) return;
  try {
    await copyFile(bundle, join(folder, 'agent.cjs'));
    await chmod(join(folder, 'agent.cjs'), 0o755);
  } catch (error) {
    throw new RunError('lab-unfit', `there is no agent to install: ${bundle}`, {
      hint: 'Run scripts/build.',
      cause: error,
    });
  }
}
