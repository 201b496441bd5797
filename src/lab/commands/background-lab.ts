import { RunError, toRunError } from '../../shared/errors.ts';
import { OPTION_FILE } from '../hosts/simulated-host.ts';
import { awsEnvironment, controllerOf } from '../standing/controller-process.ts';
import { type LabOptions, type StandingLab, withLab } from '../standing/standing-lab.ts';

/** The hidden command under which `up` starts the background process that holds a lab. */
export const BACKGROUND_LAB = 'keep-standing';

export type ToBackgroundLab = { readonly kind: 'stand-up'; readonly options: LabOptions };
export type FromBackgroundLab =
  | { readonly kind: 'ready' }
  | { readonly kind: 'said'; readonly sentence: string }
  | { readonly kind: 'standing'; readonly description: LabDescription }
  | { readonly kind: 'failed'; readonly code: RunError['code']; readonly message: string; readonly hint: string };

interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What `up --json` prints. */
export interface LabDescription {
  readonly v: 1;
  readonly outcome: 'done';
  readonly folder: string;
  readonly keeperPid: number;
  /** For AWS clients: the operator's. */
  readonly environment: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<'operator' | 'installer' | 'scheduler' | 'administrator', KeyPair>>;
  readonly hosts: readonly {
    readonly instanceId: string;
    readonly name: string;
    readonly imdsEndpoint: string;
    readonly serverPid: number;
    readonly socket: string;
    readonly datadir: string;
    readonly mountPoints: { readonly data: string; readonly binlog: string; readonly other: string };
    readonly volumes: StandingLab['hosts'][number]['volumes'];
    /** Prefix of commands that run on the host, and what they need in their environment. */
    readonly enter: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    /** As the host sees it. */
    readonly optionFile: string;
  }[];
}

/** Holds a lab until SIGTERM. Reports its progress to its parent, which may exit once the lab is up. */
export async function runBackgroundLab(cancel: AbortController): Promise<void> {
  const tell = (message: FromBackgroundLab) =>
    new Promise<void>((told) => {
      if (process.connected) process.send?.(message, () => told());
      else told();
    });
  let stands = false;
  process.on('disconnect', () => {
    if (!stands) cancel.abort(new RunError('cancelled', 'whoever started the lab has gone'));
  });
  const options = new Promise<LabOptions>((resolve) => {
    process.once('message', (message: ToBackgroundLab) => resolve(message.options));
  });
  void tell({ kind: 'ready' });
  const say = (sentence: string) => void tell({ kind: 'said', sentence });
  try {
    const given = await options;
    await withLab('up', given, cancel.signal, say, async (lab) => {
      await controllerOf(lab.shell, lab.aws, given.dist, say).installDocuments();
      say('The documents are installed.');
      stands = true;
      void tell({ kind: 'standing', description: describe(lab) });
      await new Promise<void>((resolve) => {
        cancel.signal.addEventListener('abort', () => resolve(), { once: true });
        // A signal waits for nobody: something has to keep the process alive until it comes.
        const alive = setInterval(() => undefined, 2 ** 30);
        cancel.signal.addEventListener('abort', () => clearInterval(alive), { once: true });
      });
    });
  } catch (thrown) {
    const { code, message, hint } = cancel.signal.aborted ? toRunError(cancel.signal.reason) : toRunError(thrown);
    await tell({ kind: 'failed', code, message, hint });
  }
  if (process.connected) process.disconnect();
}

function describe({ folder, aws, hosts }: StandingLab): LabDescription {
  return {
    v: 1,
    outcome: 'done',
    folder: folder.path,
    keeperPid: process.pid,
    environment: awsEnvironment(aws, aws.operator),
    credentials: {
      operator: aws.operator,
      installer: aws.installer,
      scheduler: aws.scheduler,
      administrator: aws.administrator,
    },
    hosts: hosts.map((host) => ({
      instanceId: host.instanceId,
      name: host.name,
      imdsEndpoint: host.imdsEndpoint,
      serverPid: host.server.pid,
      socket: host.server.socket,
      datadir: host.paths.datadir,
      mountPoints: { data: host.paths.data, binlog: host.paths.binlog, other: host.paths.other },
      volumes: host.volumes,
      enter: host.namespace.enter,
      environment: { AWS_ENDPOINT_URL: aws.endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT: host.imdsEndpoint },
      optionFile: OPTION_FILE,
    })),
  };
}
