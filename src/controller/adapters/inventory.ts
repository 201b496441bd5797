import { type EC2Client, type Filter, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { paginateDescribeInstanceInformation, type SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import { portions, type Scope } from '../fleet/scope.ts';
import type { FleetInstance, Inventory, ManagedNode } from '../ports.ts';
import { asking } from './aws-errors.ts';

/** DescribeInstances takes 200 values a filter, DescribeInstanceInformation 100 [API models]. */
const IDS_A_CALL = { ec2: 200, ssm: 50 } as const;
/** A terminated instance still carries its tags for an hour; nobody means it. */
const GONE = new Set(['terminated', 'shutting-down']);

export function inventory(ec2: EC2Client, ssm: SSMClient): Inventory {
  return {
    async instances(scope) {
      const found: FleetInstance[] = [];
      for (const filters of filtersOf(scope)) {
        await asking('ec2:DescribeInstances', async () => {
          for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, { Filters: filters })) {
            for (const { Instances } of page.Reservations ?? []) found.push(...(Instances ?? []).map(fleetInstance));
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
            { client: ssm, pageSize: 50 },
            { Filters: [{ Key: 'InstanceIds', Values: some }] },
          );
          for await (const page of pages) {
            for (const { InstanceId: id, PingStatus, PlatformType } of page.InstanceInformationList ?? []) {
              if (id === undefined) continue;
              found.push({ instanceId: id, ping: PingStatus ?? 'unknown', platform: PlatformType ?? 'unknown' });
            }
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

function fleetInstance(instance: Instance): FleetInstance {
  return {
    instanceId: v.parse(InstanceId, instance.InstanceId),
    name: instance.Tags?.find(({ Key }) => Key === 'Name')?.Value || '-',
    state: instance.State?.Name ?? 'unknown',
  };
}
