import * as v from 'valibot';
import { VolumeId } from '../../../shared/ids.ts';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizeEc2, type Ec2World, endDryRun, requestTagKeys, resourceTagKeys } from './ec2-world.ts';
import { findInstance } from './lookup.ts';
import { Flag, items, parseParameters, type XmlElement } from './query-protocol.ts';
import { type Ec2Instance, type Ec2Snapshot, type Ec2Volume, newSnapshotId, snapshotStatus } from './state.ts';
import { copiedTags, parseTags, refuseTooManyTags, TagParameter, tagSet } from './tags.ts';

const MAX_EXCLUDED = 40;
/** Of one volume at a time [doc: Quotas for Amazon EBS]. */
const MAX_PENDING = 5;
const MAX_PENDING_OF_TYPE: Readonly<Record<string, number>> = { st1: 1, sc1: 1 };

const Parameters = v.strictObject({
  InstanceSpecification: v.strictObject({
    InstanceId: v.string(),
    ExcludeBootVolume: v.optional(Flag, 'false'),
    ExcludeDataVolumeId: v.optional(v.array(v.string()), []),
  }),
  Description: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(255, 'At most 255 characters.'),
      v.regex(/^[\x20-\x7e]*$/, 'Character sets beyond ASCII are not supported.'),
    ),
    '',
  ),
  TagSpecification: v.optional(
    v.array(v.strictObject({ ResourceType: v.literal('snapshot'), Tag: v.optional(v.array(TagParameter), []) })),
    [],
  ),
  CopyTagsFromSource: v.optional(v.literal('volume')),
  DryRun: v.optional(Flag, 'false'),
});

/**
 * CreateSnapshots: one crash-consistent set of an instance's volumes, less what is excluded
 * [doc and model: CreateSnapshots, InstanceSpecification]. All or nothing: a refusal creates no snapshot.
 */
export async function createSnapshots(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(Parameters, call.parameters);
  const { InstanceSpecification: asked } = request;
  const tags = parseTags(request.TagSpecification.flatMap(({ Tag }) => Tag));
  const instance = findInstance(world.state, asked.InstanceId);
  const selected = selectVolumes(world, instance, asked.ExcludeBootVolume, asked.ExcludeDataVolumeId);
  const volumes = call.fault?.kind === 'half-set' ? selected.slice(0, -1) : selected;
  authorize(world, call, instance, volumes, tags);
  endDryRun(request.DryRun);

  const members = volumes.map((volume) => {
    const merged = new Map([...(request.CopyTagsFromSource === undefined ? [] : copiedTags(volume.tags)), ...tags]);
    refuseTooManyTags(merged.keys());
    return { volume, snapshotId: newSnapshotId(), tags: merged };
  });
  for (const { volume } of members) refuseTooOften(world, volume);

  const startTime = world.now();
  await world.store.capture(
    instance.instanceId,
    members.map(({ snapshotId, volume }) => ({ snapshotId, volumeId: volume.volumeId })),
  );
  const snapshots = members.map(({ snapshotId, volume, tags }): Ec2Snapshot => {
    volume.lastSnapshotAt = startTime;
    return {
      snapshotId,
      volumeId: volume.volumeId,
      sizeGiB: volume.sizeGiB,
      description: request.Description,
      startTime: new Date(startTime),
      completesAt: startTime + world.behaviour.snapshotCompletionMs,
      failsAt: call.fault?.kind === 'set-fails' ? startTime + call.fault.afterMs : undefined,
      tags,
    };
  });
  for (const snapshot of snapshots) world.state.addSnapshot(snapshot);
  return { snapshotSet: items(snapshots.map((snapshot) => describeMember(world, snapshot))) };
}

function selectVolumes(
  world: Ec2World,
  instance: Ec2Instance,
  excludeBoot: boolean,
  excludedIds: readonly string[],
): readonly Ec2Volume[] {
  if (excludedIds.length > MAX_EXCLUDED) {
    throw new ApiError(
      'InvalidParameterValue',
      `At most ${MAX_EXCLUDED} data volumes can be excluded, ${excludedIds.length} were given.`,
    );
  }
  const excluded = new Set(excludedIds);
  for (const id of excluded) {
    if (!v.is(VolumeId, id))
      throw new ApiError('InvalidParameterValue', `Value (${id}) for parameter ExcludeDataVolumeId is invalid.`);
    const volume = world.state.volumes.get(id);
    if (volume === undefined) throw new ApiError('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
    if (volume.instanceId !== instance.instanceId) {
      throw new ApiError(
        'InvalidParameterValue',
        `The volume '${id}' is not attached to the instance '${instance.instanceId}'.`,
      );
    }
    if (volume.isBoot) {
      throw new ApiError(
        'InvalidParameterValue',
        `The volume '${id}' is the boot volume; to exclude it, use ExcludeBootVolume.`,
      );
    }
  }
  const selected = instance.volumes.filter(
    ({ volumeId, isBoot }) => !(isBoot && excludeBoot) && !excluded.has(volumeId),
  );
  if (selected.length === 0) throw new ApiError('InvalidParameterValue', 'No volume is left to take a snapshot of.');
  return selected;
}

/** Three kinds of resources, and CreateTags besides where tags are given [service authorization reference]. */
function authorize(
  { account }: Ec2World,
  { caller }: ApiCall,
  instance: Ec2Instance,
  volumes: readonly Ec2Volume[],
  tags: ReadonlyMap<string, string>,
): void {
  const requested = requestTagKeys(tags);
  authorizeEc2(caller, 'CreateSnapshots', arn.instance(account, instance.instanceId), {
    'ec2:InstanceID': instance.instanceId,
    ...resourceTagKeys(instance.tags),
  });
  for (const volume of volumes) {
    authorizeEc2(caller, 'CreateSnapshots', arn.volume(account, volume.volumeId), resourceTagKeys(volume.tags));
  }
  authorizeEc2(caller, 'CreateSnapshots', arn.snapshot(account, '*'), requested);
  if (tags.size > 0) {
    authorizeEc2(caller, 'CreateTags', arn.snapshot(account, '*'), {
      'ec2:CreateAction': 'CreateSnapshots',
      ...requested,
    });
  }
}

function refuseTooOften({ state, behaviour, now }: Ec2World, volume: Ec2Volume): void {
  if (now() - volume.lastSnapshotAt < behaviour.snapshotIntervalMs) {
    throw new ApiError(
      'SnapshotCreationPerVolumeRateExceeded',
      'The maximum per volume CreateSnapshot request rate has been exceeded.',
    );
  }
  const most = MAX_PENDING_OF_TYPE[volume.volumeType] ?? MAX_PENDING;
  const recent = state.snapshotsOfVolume(volume.volumeId).slice(-most);
  if (recent.length === most && recent.every((snapshot) => snapshotStatus(snapshot, now()) === 'pending')) {
    throw new ApiError(
      'ConcurrentSnapshotLimitExceeded',
      'Maximum allowed in-progress snapshots for a single volume exceeded.',
    );
  }
}

function describeMember({ account, now }: Ec2World, snapshot: Ec2Snapshot): XmlElement {
  return {
    snapshotId: snapshot.snapshotId,
    volumeId: snapshot.volumeId,
    volumeSize: snapshot.sizeGiB,
    state: snapshotStatus(snapshot, now()),
    progress: '',
    encrypted: false,
    ownerId: account.id,
    startTime: snapshot.startTime.toISOString(),
    description: snapshot.description,
    tagSet: tagSet(snapshot.tags),
  };
}
