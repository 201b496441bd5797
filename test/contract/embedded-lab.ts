import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { fromInstanceMetadata } from '@aws-sdk/credential-providers';
import * as v from 'valibot';
import { type EmbeddedAws, type EmbeddedAwsOptions, startEmbeddedAws } from '../../src/lab/aws/embedded-aws.ts';
import type { EbsStore, LabHost, LabVolume } from '../../src/lab/world.ts';
import { InstanceId, VolumeId } from '../../src/shared/ids.ts';
import type { Tags } from '../../src/shared/tags.ts';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

export const instanceId = (number: number): InstanceId => v.parse(InstanceId, `i-${hex17(number)}`);
export const volumeId = (number: number): VolumeId => v.parse(VolumeId, `vol-${hex17(number)}`);
const hex17 = (number: number): string => number.toString(16).padStart(17, '0');

/** A store that only counts: which volumes were captured, in which calls. */
export interface CountingStore extends EbsStore {
  readonly captures: { instanceId: string; volumes: readonly string[]; at: number }[];
}

export function countingStore(): CountingStore {
  const captures: CountingStore['captures'] = [];
  return {
    captures,
    capture: async (instance, members) => {
      captures.push({ instanceId: instance, volumes: members.map((member) => member.volumeId), at: performance.now() });
    },
  };
}

/** A host that runs on this very machine: a boot volume and `data` data volumes, numbered from `100 * number`. */
export function plainHost(number: number, options: { data?: number; tags?: Tags; volumeTags?: Tags } = {}): LabHost {
  const { data = 2, tags = { Name: `db-${number}` }, volumeTags = {} } = options;
  const boot: LabVolume = { volumeId: volumeId(100 * number), sizeGiB: 8, device: '/dev/xvda', tags: {}, isBoot: true };
  const volumes = Array.from(
    { length: data },
    (_unused, index): LabVolume => ({
      volumeId: volumeId(100 * number + 1 + index),
      sizeGiB: 10 + index,
      device: `/dev/sd${String.fromCharCode(102 + index)}`,
      tags: volumeTags,
      isBoot: false,
    }),
  );
  return { instanceId: instanceId(number), tags, volumes: [boot, ...volumes], enter: [], environment: {} };
}

export interface Lab extends AsyncDisposable {
  readonly aws: EmbeddedAws;
  readonly store: CountingStore;
  /** Clients of one try, with these credentials. */
  as(who: 'operator' | 'installer' | 'pruner' | 'scheduler' | 'administrator'): Clients;
  /** Clients with the credentials that the host's own IMDS gives. */
  asHost(imdsEndpoint: string): Clients;
}

export interface Clients {
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
}

export async function startLab(options: Partial<EmbeddedAwsOptions> = {}): Promise<Lab> {
  const folder = await temporaryFolder();
  const store = countingStore();
  const aws = await startEmbeddedAws({ store, orchestrationRoot: folder.path, ...options });
  const clients = (credentials: NonNullable<EC2ClientConfig['credentials']>): Clients => {
    const config = { endpoint: aws.endpoint, region: aws.region, maxAttempts: 1, credentials };
    return { ec2: new EC2Client(config), ssm: new SSMClient(config), sts: new STSClient(config) };
  };
  return {
    aws,
    store,
    as: (who) => clients(aws[who]),
    asHost: (imdsEndpoint) => clients(metadataCredentials(imdsEndpoint)),
    async [Symbol.asyncDispose]() {
      await aws[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The SDK's own provider, version 1 of the metadata service off. The environment names the endpoint. */
export function metadataCredentials(imdsEndpoint: string) {
  return async () => {
    process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = imdsEndpoint;
    return fromInstanceMetadata({ ec2MetadataV1Disabled: true, maxRetries: 0, timeout: 2000 })();
  };
}

/** How a call failed: the error's name and HTTP status. */
export async function failure(
  call: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode, message };
  }
  throw new Error('the call was expected to fail');
}

/** A folder of this test's own, gone with it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'contract-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
