import { type Filter, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { paginateDescribeInstanceInformation } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import { parseResponse } from '../../shared/parse-response.ts';
import { portions } from '../collections.ts';
import type { FleetInstance, Inventory, ManagedNode, Scope } from '../ports.ts';
import { asking } from './aws-errors.ts';
import type { Clients } from './clients.ts';
import { copyString, tagInterner } from './compact-tags.ts';

/** DescribeInstances takes 200 values a filter, DescribeInstanceInformation 100 [API models]. */
const IDS_A_CALL = { ec2: 200, ssm: 50 } as const;
/** A terminated instance still carries its tags for an hour; nobody means it. */
const GONE = new Set(['terminated', 'shutting-down']);

/** Systems Manager lists 50 hosts a request: of a large fleet that is throttled, and waited out. */
export function inventory({ ec2, ssmRetrying }: Pick<Clients, 'ec2' | 'ssmRetrying'>): Inventory {
  return {
    async instances(scope) {
      const found: FleetInstance[] = [];
      const keep = tagInterner(() => true);
      for (const filters of filtersOf(scope)) {
        await asking('ec2:DescribeInstances', async () => {
          for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, { Filters: filters })) {
            for (const { Instances: instances } of parseResponse('ec2:DescribeInstances', Reservations, page)
              .Reservations)
              for (const each of instances) found.push(fleetInstance(each, keep));
          }
        });
      }
      return scope.by === 'ids' ? found : found.filter(({ state }) => !GONE.has(state));
    },

    async managed(ids) {
      const found: ManagedNode[] = [];
      for (const some of portions(ids, IDS_A_CALL.ssm)) {
        await asking('ssm:DescribeInstanceInformation', async () => {
          const pages = paginateDescribeInstanceInformation(
            { client: ssmRetrying, pageSize: 50 },
            { Filters: [{ Key: 'InstanceIds', Values: some }] },
          );
          for await (const page of pages) {
            const { InstanceInformationList: nodes } = parseResponse('ssm:DescribeInstanceInformation', Nodes, page);
            for (const { InstanceId: instanceId, PingStatus: ping, PlatformType: platform } of nodes)
              found.push({ instanceId, ping, platform });
          }
        });
      }
      return found;
    },
  };
}

/** The filters of the requests that together cover a scope. */
function filtersOf(scope: Scope): Filter[][] {
  if (scope.by === 'tags') return [scope.tags.map(({ key, values }) => ({ Name: `tag:${key}`, Values: [...values] }))];
  return portions(scope.ids, IDS_A_CALL.ec2).map((ids) => [{ Name: 'instance-id', Values: ids }]);
}

const Instance = v.object({
  InstanceId,
  State: v.object({ Name: v.string() }),
  Tags: v.optional(v.array(v.object({ Key: v.optional(v.string(), ''), Value: v.optional(v.string(), '') })), []),
});
const Reservations = v.object({ Reservations: v.array(v.object({ Instances: v.array(Instance) })) });

const Nodes = v.object({
  InstanceInformationList: v.array(
    v.object({
      InstanceId,
      PingStatus: v.optional(v.string(), 'unknown'),
      PlatformType: v.optional(v.string(), 'unknown'),
    }),
  ),
});

function fleetInstance(
  { InstanceId: instanceId, State, Tags }: v.InferOutput<typeof Instance>,
  keep: ReturnType<typeof tagInterner>,
): FleetInstance {
  const tags = keep(Tags);
  return { instanceId: copyString(instanceId), name: tags['Name'] || '-', state: copyString(State.Name), tags };
}
