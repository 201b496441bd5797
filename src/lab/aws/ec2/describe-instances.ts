import * as v from 'valibot';
import type { ApiCall } from '../api-call.ts';
import { authorizeEc2, type Ec2World, endDryRun } from './ec2-world.ts';
import { Filters, matcher } from './filters.ts';
import { findInstance } from './lookup.ts';
import { ec2Page, Paging, refuseIdsWithPaging } from './paging.ts';
import { Flag, items, parseParameters, type XmlElement } from './query-protocol.ts';
import type { Ec2Instance } from './state.ts';
import { tagSet } from './tags.ts';

const Parameters = v.strictObject({
  InstanceId: v.optional(v.array(v.string()), []),
  Filter: Filters,
  ...Paging,
  DryRun: v.optional(Flag, 'false'),
});

/** DescribeInstances: each instance in a reservation of its own; all of them run. */
export async function describeInstances(world: Ec2World, call: ApiCall): Promise<XmlElement> {
  const request = parseParameters(Parameters, call.parameters);
  authorizeEc2(call.caller, 'DescribeInstances', '*');
  endDryRun(request.DryRun);
  refuseIdsWithPaging(request.InstanceId, 'instancesSet', request.MaxResults);
  const candidates =
    request.InstanceId.length > 0
      ? [...new Set(request.InstanceId)].map((id) => findInstance(world.state, id))
      : [...world.state.instances.values()];
  const found = candidates.filter(matcher(request.Filter, filterValues));
  const page = ec2Page(found, ({ instanceId }) => instanceId, request);
  return { reservationSet: items(page.items.map((instance) => describe(world, instance))), nextToken: page.nextToken };
}

function filterValues(instance: Ec2Instance, name: string): readonly string[] | undefined {
  if (name === 'instance-id') return [instance.instanceId];
  if (name === 'instance-state-name') return ['running'];
  return undefined;
}

function describe({ account }: Ec2World, instance: Ec2Instance): XmlElement {
  const boot = instance.volumes.find(({ isBoot }) => isBoot);
  return {
    reservationId: `r-${instance.instanceId.slice(2)}`,
    ownerId: account.id,
    instancesSet: items([
      {
        instanceId: instance.instanceId,
        instanceState: { code: 16, name: 'running' },
        instanceType: 'm7i.large',
        launchTime: instance.launchTime.toISOString(),
        placement: { availabilityZone: `${account.region}a` },
        architecture: 'x86_64',
        rootDeviceType: 'ebs',
        rootDeviceName: boot?.device,
        blockDeviceMapping: items(
          instance.volumes.map((volume) => ({
            deviceName: volume.device,
            ebs: {
              volumeId: volume.volumeId,
              status: 'attached',
              attachTime: volume.createTime.toISOString(),
              deleteOnTermination: volume.isBoot,
            },
          })),
        ),
        tagSet: tagSet(instance.tags),
      },
    ]),
  };
}
