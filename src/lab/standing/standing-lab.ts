import { join } from 'node:path';
import { type EmbeddedAws, startEmbeddedAws } from '../aws/embedded-aws.ts';
import { createEbs, type EbsOnBtrfs } from '../ebs/ebs-on-btrfs.ts';
import type { Durability } from '../hosts/durability.ts';
import { buildHost, type SimulatedHost } from '../hosts/simulated-host.ts';
import { type LabFolder, makeLabFolder, openRoot } from '../machine/lab-folder.ts';
import { takeLabLock } from '../machine/lab-lock.ts';
import { requireFitMachine } from '../machine/requirements.ts';
import { LAB_MARKER, labShell, type Shell } from '../machine/shell.ts';
import { endProcesses, sweep, sweepAll } from '../machine/sweep.ts';
import { titleOf } from '../servers/distribution.ts';
import { needsOf, obtainServer } from '../servers/obtain-server.ts';
import type { ServerName } from '../servers/server-name.ts';
import type { EbsStore } from '../world.ts';

export interface LabOptions {
  /** The folder of all labs of this machine. */
  readonly root: string;
  /** Where the built programs lie: agent.cjs, controller.cjs, and the lab's own bundle. */
  readonly dist: string;
  readonly hosts: number;
  readonly server: ServerName;
  readonly durability: Durability;
  /** The answer time of CreateSnapshots, in milliseconds. */
  readonly apiLatencyMs: number;
  /** What keeps the bytes of snapshots; the lab's own EBS where nothing is said. */
  readonly store?: EbsStore;
  /** The servers can be sources of replicas, and replicas. */
  readonly replicates?: boolean;
}

/** A lab that stands: an AWS with its hosts, and how things are run in it. */
export interface StandingLab {
  readonly folder: LabFolder;
  readonly shell: Shell;
  readonly aws: EmbeddedAws;
  readonly ebs: EbsOnBtrfs;
  readonly hosts: readonly StandingHost[];
  /** Lets the end leave file systems and servers as they are, for a look; the next lab or `down` sweeps them. */
  keep(): void;
}

export interface StandingHost extends SimulatedHost {
  readonly imdsEndpoint: string;
}

/** The tag by which all hosts of a lab can be targeted. */
export const HOST_TAG = { key: 'Role', value: 'lab-database' } as const;

export type Say = (sentence: string) => void;

/**
 * Sweeps what crashed labs left, builds a lab, lends it out, and takes everything away again, whatever happened.
 * Throws RunError `lab-unfit` where this machine cannot carry one.
 */
export async function withLab<T>(
  verb: 'rehearse' | 'up' | 'soak' | 'disturb',
  options: LabOptions,
  signal: AbortSignal,
  say: Say,
  use: (lab: StandingLab) => Promise<T>,
): Promise<T> {
  await requireFitMachine(needsOf(options.server));
  const root = await openRoot(options.root);
  await using _lock = await takeLabLock(root, verb);
  if ((await sweepAll(root)) > 0) say('Swept what an earlier lab had left.');

  let kept = false;
  const folder = await makeLabFolder(root);
  await using _folder = atEnd(async () => {
    if (!kept) await sweep(folder);
  });
  const shell = labShell(folder.id, signal);
  const distribution = await obtainServer(shell, options.server, folder.id, say);
  const ebs = await createEbs(shell, folder);
  const aws = await startEmbeddedAws({
    store: options.store ?? ebs,
    orchestrationRoot: join(folder.path, 'ssm'),
    behaviour: { latencyMs: { CreateSnapshots: options.apiLatencyMs } },
  });
  // AWS waits for the commands that run, and those perhaps for a thaw, which comes with the end of the processes.
  await using _aws = atEnd(async () => {
    const ended = aws[Symbol.asyncDispose]();
    if (!kept) await endProcesses(folder);
    await ended;
  });
  say(`AWS answers at ${aws.endpoint}.`);

  const hosts: StandingHost[] = [];
  const { durability, replicates = false } = options;
  const agentBundle = join(options.dist, 'agent.cjs');
  for (let number = 1; number <= options.hosts; number += 1) {
    const host = await buildHost(shell, folder, ebs, {
      number,
      distribution,
      durability,
      agentBundle,
      replicates,
    });
    hosts.push({ ...host, imdsEndpoint: await register(aws, host, folder) });
    say(`Host ${host.instanceId} runs ${titleOf(distribution)} (pid ${host.server.pid}).`);
  }
  return await use({
    folder,
    shell,
    aws,
    ebs,
    hosts,
    keep: () => {
      kept = true;
    },
  });
}

/** Makes EC2 and Systems Manager know the host. What runs on it finds the lab's endpoints in its environment. */
async function register(aws: EmbeddedAws, host: SimulatedHost, folder: LabFolder): Promise<string> {
  const environment: Record<string, string> = { [LAB_MARKER]: folder.id, AWS_ENDPOINT_URL: aws.endpoint };
  const { imdsEndpoint } = await aws.addHost({
    instanceId: host.instanceId,
    tags: { Name: host.name, [HOST_TAG.key]: HOST_TAG.value },
    volumes: host.volumes,
    enter: host.namespace.enter,
    environment,
  });
  // Known only now, and read when a document is run.
  environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = imdsEndpoint;
  return imdsEndpoint;
}

const atEnd = (work: () => Promise<void>): AsyncDisposable => ({ [Symbol.asyncDispose]: work });
