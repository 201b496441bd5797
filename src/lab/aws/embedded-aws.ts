import * as v from 'valibot';
import hostPolicy from '../../../iam/host.json' with { type: 'json' };
import installerPolicy from '../../../iam/installer.json' with { type: 'json' };
import operatorPolicy from '../../../iam/operator.json' with { type: 'json' };
import prunerPolicy from '../../../iam/pruner.json' with { type: 'json' };
import schedulerPolicy from '../../../iam/scheduler.json' with { type: 'json' };
import type { InstanceId, VolumeId } from '../../shared/ids.ts';
import { type RunDocument, ssmAgent } from '../ssm-agent/run-document.ts';
import type { EbsStore, LabHost, LabVolume } from '../world.ts';
import type { Account } from './account.ts';
import { type Behaviour, BehaviourChange, usualBehaviour } from './behaviour.ts';
import { type CallHook, noHook } from './call-hook.ts';
import type { RecordedCall } from './call-record.ts';
import { dispatch, type Services } from './dispatch.ts';
import { type Ec2Snapshot, Ec2State } from './ec2/state.ts';
import { type HttpServer, serve } from './http-server.ts';
import { Policy } from './iam/policy.ts';
import { type Credentials, Principals } from './iam/principals.ts';
import { startImds } from './imds.ts';
import { controlLab } from './lab-control.ts';
import { type LabTime, SteeredTime } from './lab-time.ts';
import { RateLimiter } from './rates.ts';
import { applyToNewHost, unfollow } from './ssm/associations.ts';

export interface EmbeddedAwsOptions {
  /** Keeps the bytes of snapshots. */
  readonly store: EbsStore;
  readonly region?: string;
  readonly behaviour?: Partial<Behaviour>;
  /** Runs before the work of every call; none by default. */
  readonly callHook?: CallHook;
  /** How long a host's credentials last; six hours where nothing is said. */
  readonly credentialLifetimeMs?: number;
  /** Where the SSM agents put their scripts, within the hosts. */
  readonly orchestrationRoot?: string;
  /** Goes on by itself and can be pushed forward where nothing is said; another for tests of what takes hours. */
  readonly time?: LabTime;
}

export interface AddHostOptions {
  /** How documents are run on this host; the lab's SSM agent where nothing is said. */
  readonly run?: RunDocument;
}

/** EC2, Systems Manager, STS and IMDS on loopback, as README.md beside this file describes them. */
export interface EmbeddedAws extends AsyncDisposable {
  /** For AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** Sends commands and reads; its rights are those of `iam/operator.json`. */
  readonly operator: Credentials;
  /** Installs documents; its rights are those of `iam/installer.json`. */
  readonly installer: Credentials;
  /** Prunes; its rights are those of `iam/pruner.json`. */
  readonly pruner: Credentials;
  /** Keeps schedules; its rights are those of `iam/scheduler.json`. */
  readonly scheduler: Credentials;
  /** May do everything; for the lab's own chores and for tests. */
  readonly administrator: Credentials;
  /** Registers the instance in EC2 and Systems Manager and starts its IMDS. Its rights are those of `iam/host.json`. */
  addHost(host: LabHost, options?: AddHostOptions): Promise<{ readonly imdsEndpoint: string }>;
  /** The same for a host on which nothing runs that would ask an IMDS: for fleets of thousands. */
  registerHost(host: LabHost, options?: AddHostOptions): void;
  /** Attaches a new volume to an instance of which EC2 knows; the host itself sees nothing of it. */
  attachVolume(instanceId: InstanceId, volume: LabVolume): void;
  /** Detaches a volume and deletes it; its snapshots stay. */
  removeVolume(volumeId: VolumeId): void;
  /** Takes the instance from Systems Manager; EC2 keeps it. */
  deregister(instanceId: string): void;
  /** Takes the instance away, its volumes and its IMDS; its snapshots stay. */
  removeHost(instanceId: string): Promise<void>;
  /** Puts a snapshot there as if somebody had taken it. */
  putSnapshot(snapshot: Ec2Snapshot): void;
  /** Puts a SecureString into Parameter Store. */
  putParameter(name: string, value: string): void;
  /** Changes what is told; the same as `PUT /_lab/behaviour`. */
  readonly behaviour: Behaviour;
  behave(change: BehaviourChange): void;
  /** Every API call, in the order of arrival. */
  readonly calls: readonly RecordedCall[];
}

const ADMINISTRATOR: Policy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['*'], Resource: ['*'], Condition: {} }],
};
const SIX_HOURS_MS = 6 * 3_600_000;
const ORCHESTRATION_ROOT = '/var/lib/mysql-ebs-snapshot-lab/ssm';

export async function startEmbeddedAws(options: EmbeddedAwsOptions): Promise<EmbeddedAws> {
  const account: Account = { id: '123456789012', region: options.region ?? 'eu-central-1' };
  const time = options.time ?? new SteeredTime();
  const now = () => time.now();
  const behaviour: Behaviour = { ...usualBehaviour(), ...options.behaviour };
  const callHook = options.callHook ?? noHook;
  const principals = new Principals(account);
  const state = new Ec2State();
  const work = new Set<Promise<void>>();
  const services: Services = {
    ec2: { account, state, store: options.store, behaviour, now },
    ssm: {
      account,
      behaviour,
      time,
      now,
      hosts: new Map(),
      documents: new Map(),
      commands: new Map(),
      associations: new Map(),
      parameters: new Map(),
      track: (promise) => {
        work.add(promise);
        void promise.finally(() => work.delete(promise));
      },
    },
    principals,
    behaviour,
    limiter: new RateLimiter(),
    calls: [],
    callHook,
    now,
  };
  const agent = ssmAgent({ orchestrationRoot: options.orchestrationRoot ?? ORCHESTRATION_ROOT });
  const rights = v.parse(Policy, hostPolicy);
  const imds = new Map<string, HttpServer>();
  let lastAddress = 1;

  const server = await serve('127.0.0.1', async (request) =>
    request.path.startsWith('/_lab/')
      ? controlLab({ behaviour, calls: services.calls, time }, request)
      : dispatch(services, request),
  );

  const registerHost: EmbeddedAws['registerHost'] = (host, { run = agent } = {}) => {
    state.addHost(host, new Date(now()));
    const managed = { host, run, registeredAt: now() };
    services.ssm.hosts.set(host.instanceId, managed);
    applyToNewHost(services.ssm, managed);
  };

  return {
    endpoint: server.url,
    region: account.region,
    accountId: account.id,
    operator: principals.addUser('operator', v.parse(Policy, operatorPolicy)),
    installer: principals.addUser('installer', v.parse(Policy, installerPolicy)),
    pruner: principals.addUser('pruner', v.parse(Policy, prunerPolicy)),
    scheduler: principals.addUser('scheduler', v.parse(Policy, schedulerPolicy)),
    administrator: principals.addUser('administrator', ADMINISTRATOR),
    behaviour,
    behave: (change) => void Object.assign(behaviour, v.parse(BehaviourChange, change)),
    calls: services.calls,
    putSnapshot: (snapshot) => state.addSnapshot(snapshot),
    putParameter: (name, value) => void services.ssm.parameters.set(name, { name, value, modifiedAt: now() }),

    registerHost,
    attachVolume: (instanceId, volume) => state.attach(instanceId, volume, new Date(now())),
    removeVolume: (volumeId) => state.detach(volumeId),
    deregister: (instanceId) => void services.ssm.hosts.delete(instanceId),

    async addHost(host, addHostOptions) {
      const session = principals.hostSession(host.instanceId, rights);
      const lifetime = options.credentialLifetimeMs ?? SIX_HOURS_MS;
      lastAddress += 1;
      const metadata = await startImds(loopback(lastAddress), {
        account,
        instanceId: host.instanceId,
        callHook,
        issue: () => principals.issue(session, new Date(now() + lifetime)),
        now,
      });
      imds.set(host.instanceId, metadata);
      registerHost(host, addHostOptions);
      return { imdsEndpoint: metadata.url };
    },

    async removeHost(instanceId) {
      state.removeHost(instanceId);
      services.ssm.hosts.delete(instanceId);
      await imds.get(instanceId)?.[Symbol.asyncDispose]();
      imds.delete(instanceId);
    },

    async [Symbol.asyncDispose]() {
      unfollow(services.ssm.associations.values());
      for (const command of services.ssm.commands.values()) command.cancel.abort();
      await Promise.allSettled(work);
      await Promise.all([server, ...imds.values()].map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

/** The loopback network has an address for every host: 127.0.0.2, 127.0.0.3 … 127.1.2.3. */
const loopback = (number: number): string => `127.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
