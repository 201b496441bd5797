import * as v from 'valibot';
import type { ApiCall } from '../api-call.ts';
import { authorizeEc2, type Ec2World, endDryRun } from './ec2-world.ts';
import { type Filters as FilterList, Filters, isLiteral, matcher } from './filters.ts';
import { findVolume } from './lookup.ts';
import { ec2Page, Paging, refuseIdsWithPaging } from './paging.ts';
import { Flag, items, parseParameters, type XmlElement } from './query-protocol.ts';
import type { Ec2State, Ec2Volume } from './state.ts';
import { tagSet } from './tags.ts';

const Parameters = v.strictObject({
  VolumeId: v.optional(v.array(v.string()), []),
  Filter: Filters,
  ...Paging,
  DryRun: v.optional(Flag, 'false'),
});

/** DescribeVolumes; every volume of the lab is attached to its instance. */
export async function describeVolumes(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(Parameters, call.parameters);
  authorizeEc2(call.caller, 'DescribeVolumes', '*');
  endDryRun(request.DryRun);
  refuseIdsWithPaging(request.VolumeId, 'volumeSet', request.MaxResults);
  const candidates =
    request.VolumeId.length > 0
      ? [...new Set(request.VolumeId)].map((id) => findVolume(world.state, id))
      : candidatesFor(world.state, request.Filter);
  const found = candidates.filter(matcher(request.Filter, filterValues));
  const page = ec2Page(found, ({ volumeId }) => volumeId, request);
  return { volumeSet: items(page.items.map((volume) => describe(world, volume))), nextToken: page.nextToken };
}

/** The instance's own volumes where the filter names instances; all of them otherwise. */
function candidatesFor(state: Ec2State, filters: FilterList): readonly Ec2Volume[] {
  const byInstance = filters.find(({ Name }) => Name === 'attachment.instance-id');
  if (byInstance === undefined || !byInstance.Value.every(isLiteral)) return [...state.volumes.values()];
  return [...new Set(byInstance.Value)].flatMap((id) => state.instances.get(id)?.volumes ?? []);
}

function filterValues(volume: Ec2Volume, name: string): readonly string[] | undefined {
  switch (name) {
    case 'attachment.instance-id':
      return [volume.instanceId];
    case 'attachment.device':
      return [volume.device];
    case 'attachment.status':
      return ['attached'];
    case 'volume-id':
      return [volume.volumeId];
    case 'status':
      return ['in-use'];
    default:
      return undefined;
  }
}

function describe({ account }: Ec2World, volume: Ec2Volume): XmlElement {
  return {
    volumeId: volume.volumeId,
    size: volume.sizeGiB,
    snapshotId: '',
    availabilityZone: `${account.region}a`,
    status: 'in-use',
    createTime: volume.createTime.toISOString(),
    volumeType: volume.volumeType,
    encrypted: false,
    multiAttachEnabled: false,
    attachmentSet: items([
      {
        volumeId: volume.volumeId,
        instanceId: volume.instanceId,
        device: volume.device,
        status: 'attached',
        attachTime: volume.createTime.toISOString(),
        deleteOnTermination: volume.isBoot,
      },
    ]),
    tagSet: tagSet(volume.tags),
  };
}
