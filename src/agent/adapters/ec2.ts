import {
  CreateSnapshotsCommand,
  type CreateSnapshotsCommandInput,
  CreateTagsCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
  type Tag,
} from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { type InstanceId, SnapshotId, VolumeId } from '../../shared/ids.ts';
import { TAG, type Tags } from '../../shared/tags.ts';
import {
  type AttachedVolume,
  type CreatedSnapshot,
  type CreateSetAnswer,
  type CreateSetRequest,
  DeadlinePassed,
  type Ec2,
  type InstanceFacts,
} from '../ports.ts';
import { isDefiniteRefusal, isDryRunSuccess, readableMessage, refusedByAws } from './aws-errors.ts';
import type { AwsSettings } from './identity.ts';
import { within } from './within.ts';

/** A read may take this long, with the SDK's standard retries within it. */
const READ_DEADLINE_MS = 30_000;

const Volume = v.object({ VolumeId, Size: v.number() });
const Created = v.object({ SnapshotId, VolumeId });

/** EC2 through the SDK; what comes back is validated here, once. */
export class SdkEc2 implements Ec2 {
  readonly #instanceId: InstanceId;
  readonly #region: string;
  readonly #credentials: AwsSettings['credentials'];
  readonly #reads: EC2Client;
  readonly #sts: STSClient;
  /** Made anew before each try for the lock, with credentials that are not looked for again within it. */
  #once: EC2Client | undefined;

  constructor(instanceId: InstanceId, { region, credentials }: AwsSettings) {
    this.#instanceId = instanceId;
    this.#region = region;
    this.#credentials = credentials;
    this.#reads = new EC2Client({ region, credentials });
    this.#sts = new STSClient({ region, credentials });
  }

  async instance(): Promise<InstanceFacts> {
    const [instance] = await this.#read('ec2:DescribeInstances', async (abortSignal) => {
      const pages = paginateDescribeInstances(
        { client: this.#reads },
        { InstanceIds: [this.#instanceId] },
        { abortSignal },
      );
      const found = [];
      for await (const page of pages)
        found.push(...(page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []));
      return found;
    });
    if (!instance) throw new RunError('no-identity', `EC2 knows no instance ${this.#instanceId} in ${this.#region}`);
    return {
      instanceId: this.#instanceId,
      region: this.#region,
      name: tagsOf(instance.Tags)['Name'] ?? this.#instanceId,
      rootDevice: instance.RootDeviceName,
      volumes: await this.#volumes(),
    };
  }

  async #volumes(): Promise<readonly AttachedVolume[]> {
    const Filters = [{ Name: 'attachment.instance-id', Values: [this.#instanceId] }];
    return this.#read('ec2:DescribeVolumes', async (abortSignal) => {
      const found: AttachedVolume[] = [];
      for await (const page of paginateDescribeVolumes({ client: this.#reads }, { Filters }, { abortSignal })) {
        for (const raw of page.Volumes ?? []) {
          const volume = v.parse(Volume, raw);
          const attachment = raw.Attachments?.find(
            (each) => each.InstanceId === this.#instanceId && each.State !== 'detached',
          );
          if (!attachment?.Device) continue;
          found.push({
            volumeId: volume.VolumeId,
            sizeGiB: volume.Size,
            device: attachment.Device,
            tags: tagsOf(raw.Tags),
          });
        }
      }
      return found;
    });
  }

  async userId(): Promise<string> {
    try {
      const call = (abortSignal: AbortSignal) => this.#sts.send(new GetCallerIdentityCommand({}), { abortSignal });
      const { UserId } = await within(READ_DEADLINE_MS, call);
      if (UserId) return UserId;
      throw new Error('the answer names no user');
    } catch (error) {
      const { code, message } = refusedByAws('sts:GetCallerIdentity', error);
      throw new RunError(code, message, {
        cause: error,
        hint: 'Open a route or a VPC endpoint to STS in this Region.',
      });
    }
  }

  async proveCreateSet(request: CreateSetRequest): Promise<void> {
    try {
      await within(READ_DEADLINE_MS, async (abortSignal) => {
        const once = await this.#clientForOneRequest();
        await once.send(new CreateSnapshotsCommand({ ...inputOf(request), DryRun: true }), { abortSignal });
      });
    } catch (error) {
      if (isDryRunSuccess(error)) return;
      throw refusedByAws('ec2:CreateSnapshots', error);
    }
    throw new RunError('bug', 'a DryRun of CreateSnapshots was carried out');
  }

  /** CreateSnapshots knows no idempotency token: a second attempt would be a second set, inside the lock. */
  async #clientForOneRequest(): Promise<EC2Client> {
    this.#once?.destroy();
    const { expiration: _fresh, ...credentials } = await this.#credentials();
    this.#once = new EC2Client({ region: this.#region, credentials, maxAttempts: 1 });
    return this.#once;
  }

  async createSet(request: CreateSetRequest, deadlineMs: number): Promise<CreateSetAnswer> {
    const once = this.#once;
    if (once === undefined) return { kind: 'refused', code: 'NotProven', message: 'there was no DryRun before' };
    try {
      const call = (abortSignal: AbortSignal) =>
        once.send(new CreateSnapshotsCommand(inputOf(request)), { abortSignal });
      const { Snapshots = [] } = await within(deadlineMs, call);
      const snapshots = v.safeParse(v.array(Created), Snapshots);
      return snapshots.success
        ? { kind: 'created', snapshots: membersOf(snapshots.output) }
        : { kind: 'unknown', message: `EC2 answered something else than snapshots: ${snapshots.issues[0].message}` };
    } catch (error) {
      const { name } = error as Error;
      const message = readableMessage(error);
      if (isDefiniteRefusal(error)) return { kind: 'refused', code: name, message };
      const late = error instanceof DeadlinePassed || name === 'AbortError';
      return { kind: 'unknown', message: late ? `no answer within ${deadlineMs} ms` : message };
    }
  }

  async findSet(set: string): Promise<readonly CreatedSnapshot[]> {
    const Filters = [{ Name: `tag:${TAG.set}`, Values: [set] }];
    return this.#read('ec2:DescribeSnapshots', async (abortSignal) => {
      const found: CreatedSnapshot[] = [];
      const pages = paginateDescribeSnapshots(
        { client: this.#reads },
        { Filters, OwnerIds: ['self'] },
        { abortSignal },
      );
      for await (const page of pages) found.push(...membersOf(v.parse(v.array(Created), page.Snapshots ?? [])));
      return found;
    });
  }

  async tagSet(snapshots: readonly SnapshotId[], key: string, value: string): Promise<void> {
    const Tags = [{ Key: key, Value: value }];
    await this.#read('ec2:CreateTags', (abortSignal) =>
      this.#reads.send(new CreateTagsCommand({ Resources: [...snapshots], Tags }), { abortSignal }),
    );
  }

  async #read<T>(action: string, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await within(READ_DEADLINE_MS, call);
    } catch (error) {
      throw refusedByAws(action, error);
    }
  }
}

const tagsOf = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));

const membersOf = (snapshots: readonly v.InferOutput<typeof Created>[]): readonly CreatedSnapshot[] =>
  snapshots.map(({ SnapshotId: snapshotId, VolumeId: volumeId }) => ({ snapshotId, volumeId }));

const inputOf = (request: CreateSetRequest): CreateSnapshotsCommandInput => ({
  InstanceSpecification: {
    InstanceId: request.instanceId,
    ExcludeBootVolume: request.excludeBootVolume,
    ...(request.excludeDataVolumeIds.length > 0 && { ExcludeDataVolumeIds: [...request.excludeDataVolumeIds] }),
  },
  Description: request.description,
  CopyTagsFromSource: 'volume',
  TagSpecifications: [
    { ResourceType: 'snapshot', Tags: Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })) },
  ],
});
