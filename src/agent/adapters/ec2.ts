import {
  CreateSnapshotsCommand,
  type CreateSnapshotsCommandInput,
  CreateTagsCommand,
  EC2Client,
  type Filter,
  paginateDescribeInstances,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
} from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { RequestHandler } from '../../aws/request-handler.ts';
import { RunError } from '../../shared/errors.ts';
import type { InstanceId, SnapshotId, VolumeId } from '../../shared/ids.ts';
import { parseResponse } from '../../shared/parse-response.ts';
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
import { describeError, isDefiniteRefusal, isDryRunSuccess, refusedByAws } from './aws-errors.ts';
import { CallerIdentity, Reservations, Snapshots, type TagList, Volumes } from './ec2-answers.ts';
import type { AwsSettings } from './identity.ts';
import { within } from './with-deadline.ts';

/** A read may take this long, with the SDK's standard retries within it. */
const READ_DEADLINE_MS = 30_000;
/** What the run can do without is not waited for as long. */
const PENDING_DEADLINE_MS = 5_000;

/** The times of answers are whole seconds, and underway for a while. */
const CLOCK_OFF_MS = 60_000;

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
    this.#reads = new EC2Client({ region, credentials, requestHandler: new RequestHandler() });
    this.#sts = new STSClient({ region, credentials, requestHandler: new RequestHandler() });
  }

  async instance(): Promise<InstanceFacts> {
    const action = 'ec2:DescribeInstances';
    const instances = await this.#read(action, async (abortSignal) => {
      const pages = paginateDescribeInstances(
        { client: this.#reads },
        { InstanceIds: [this.#instanceId] },
        { abortSignal },
      );
      const found = [];
      for await (const page of pages)
        found.push(...parseResponse(action, Reservations, page).Reservations.flatMap(({ Instances }) => Instances));
      return found;
    });
    const instance = instances.find(({ InstanceId }) => InstanceId === this.#instanceId);
    if (!instance) throw new RunError('no-identity', `EC2 knows no instance ${this.#instanceId} in ${this.#region}`);
    const volumes = await this.#withPendingSnapshots(await this.#volumes());
    // The SDK learns it from the time of AWS's answers.
    const { systemClockOffset: clockAheadMs } = this.#reads.config;
    return {
      instanceId: this.#instanceId,
      region: this.#region,
      name: tagsOf(instance.Tags)['Name'] ?? this.#instanceId,
      rootDevice: instance.RootDeviceName,
      volumes,
      ...(Math.abs(clockAheadMs) < CLOCK_OFF_MS ? {} : { clockAheadMs }),
    };
  }

  async #volumes(): Promise<readonly AttachedVolume[]> {
    const Filters = [{ Name: 'attachment.instance-id', Values: [this.#instanceId] }];
    const action = 'ec2:DescribeVolumes';
    return this.#read(action, async (abortSignal) => {
      const found: AttachedVolume[] = [];
      for await (const page of paginateDescribeVolumes({ client: this.#reads }, { Filters }, { abortSignal })) {
        const { Volumes: volumes } = parseResponse(action, Volumes, page);
        for (const { VolumeId: volumeId, Size: sizeGiB, VolumeType: type, Attachments, Tags } of volumes) {
          const attachment = Attachments.find(
            (each) => each.InstanceId === this.#instanceId && each.State !== 'detached',
          );
          if (attachment) found.push({ volumeId, sizeGiB, device: attachment.Device, tags: tagsOf(Tags), type });
        }
      }
      return found;
    });
  }

  /**
   * An instance has fewer volumes than a filter takes values (200). Where EC2 does not tell in time the run goes on without:
   * EC2 itself refuses what is too much.
   */
  async #withPendingSnapshots(volumes: readonly AttachedVolume[]): Promise<readonly AttachedVolume[]> {
    if (volumes.length === 0) return volumes;
    const ids = volumes.map(({ volumeId }) => volumeId);
    const pending = await this.#pendingOf(ids);
    if (pending === undefined) return volumes;
    return volumes.map((volume) => ({
      ...volume,
      pendingSnapshots: pending.filter(({ volumeId }) => volumeId === volume.volumeId).length,
    }));
  }

  async #pendingOf(volumes: readonly VolumeId[]): Promise<readonly CreatedSnapshot[] | undefined> {
    const filters = [
      { Name: 'volume-id', Values: [...volumes] },
      { Name: 'status', Values: ['pending'] },
    ];
    try {
      return await this.#snapshots(filters, PENDING_DEADLINE_MS);
    } catch (error) {
      if (error instanceof RunError && error.code === 'aws-unreachable') return undefined;
      throw error;
    }
  }

  async userId(): Promise<string> {
    const action = 'sts:GetCallerIdentity';
    try {
      const call = (abortSignal: AbortSignal) => this.#sts.send(new GetCallerIdentityCommand({}), { abortSignal });
      return parseResponse(action, CallerIdentity, await within(READ_DEADLINE_MS, call)).UserId;
    } catch (error) {
      const refused = refusedByAws(action, error);
      if (refused.code !== 'aws-unreachable') throw refused;
      throw new RunError(refused.code, refused.message, {
        cause: error,
        hint: 'Open a route or a VPC endpoint to STS in this Region.',
      });
    }
  }

  async proveCreateSet(request: CreateSetRequest): Promise<void> {
    const action = 'ec2:CreateSnapshots';
    try {
      const answer = await within(READ_DEADLINE_MS, async (abortSignal) => {
        const once = await this.#clientForOneRequest();
        return once.send(new CreateSnapshotsCommand({ ...inputOf(request), DryRun: true }), { abortSignal });
      });
      parseResponse(action, Snapshots, answer);
    } catch (error) {
      if (isDryRunSuccess(error)) return;
      throw refusedByAws(action, error);
    }
    throw new RunError('outcome-unknown', `${action}: a DryRun was answered as if it had been carried out`);
  }

  /** CreateSnapshots knows no idempotency token: a second attempt would be a second set, inside the lock. */
  async #clientForOneRequest(): Promise<EC2Client> {
    this.#once?.destroy();
    const { expiration: _fresh, ...credentials } = await this.#credentials();
    this.#once = new EC2Client({
      region: this.#region,
      credentials,
      maxAttempts: 1,
      requestHandler: new RequestHandler(),
      // What the reads have learned of this host's clock; the SDK would learn it from a refusal, and try again.
      systemClockOffset: this.#reads.config.systemClockOffset,
    });
    return this.#once;
  }

  async createSet(request: CreateSetRequest, deadlineMs: number): Promise<CreateSetAnswer> {
    const once = this.#once;
    if (once === undefined) return { kind: 'refused', code: 'NotProven', message: 'there was no DryRun before' };
    try {
      const call = (abortSignal: AbortSignal) =>
        once.send(new CreateSnapshotsCommand(inputOf(request)), { abortSignal });
      const { Snapshots: snapshots } = parseResponse('ec2:CreateSnapshots', Snapshots, await within(deadlineMs, call));
      return snapshots.length > 0
        ? { kind: 'created', snapshots: membersOf(snapshots) }
        : { kind: 'unknown', message: 'EC2 answered without a snapshot and without an error' };
    } catch (error) {
      const { name, message } = describeError(error);
      if (isDefiniteRefusal(error)) return { kind: 'refused', code: name, message };
      const late = error instanceof DeadlinePassed || name === 'AbortError';
      return { kind: 'unknown', message: late ? `no answer within ${deadlineMs} ms` : message };
    }
  }

  findSet(set: string): Promise<readonly CreatedSnapshot[]> {
    return this.#snapshots([{ Name: `tag:${TAG.set}`, Values: [set] }]);
  }

  async #snapshots(Filters: Filter[], deadlineMs = READ_DEADLINE_MS): Promise<readonly CreatedSnapshot[]> {
    const action = 'ec2:DescribeSnapshots';
    const call = async (abortSignal: AbortSignal) => {
      const found: CreatedSnapshot[] = [];
      const pages = paginateDescribeSnapshots(
        { client: this.#reads, pageSize: 1000 },
        { Filters, OwnerIds: ['self'] },
        { abortSignal },
      );
      for await (const page of pages) found.push(...membersOf(parseResponse(action, Snapshots, page).Snapshots));
      return found;
    };
    return this.#read(action, call, deadlineMs);
  }

  async tagSet(snapshots: readonly SnapshotId[], key: string, value: string): Promise<void> {
    const Tags = [{ Key: key, Value: value }];
    await this.#read('ec2:CreateTags', (abortSignal) =>
      this.#reads.send(new CreateTagsCommand({ Resources: [...snapshots], Tags }), { abortSignal }),
    );
  }

  async #read<T>(
    action: string,
    call: (abortSignal: AbortSignal) => Promise<T>,
    deadlineMs = READ_DEADLINE_MS,
  ): Promise<T> {
    try {
      return await within(deadlineMs, call);
    } catch (error) {
      throw refusedByAws(action, error);
    }
  }
}

const tagsOf = (tags: TagList): Tags => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));

const membersOf = (snapshots: Snapshots): readonly CreatedSnapshot[] =>
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
