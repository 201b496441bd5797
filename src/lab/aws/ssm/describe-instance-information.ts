import * as v from 'valibot';
import type { ApiCall } from '../api-call.ts';
import { authorizeSsm } from './authorize.ts';
import { parseInput, present, seconds } from './json-protocol.ts';
import type { ManagedHost, SsmWorld } from './model.ts';
import { paging, ssmPage } from './paging.ts';

const Parameters = v.strictObject({
  Filters: v.optional(
    v.array(
      v.strictObject({
        Key: v.pipe(
          v.string(),
          v.regex(
            /^(InstanceIds|PingStatus|PlatformTypes|ResourceType|tag:.+|tag-key)$/,
            'is not a filter that the lab implements',
          ),
        ),
        Values: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(100)),
      }),
    ),
    [],
  ),
  ...paging(5, 50),
});

/** DescribeInstanceInformation: the instances whose SSM agent has registered, online or not. */
export async function describeInstanceInformation(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Parameters, call.parameters);
  authorizeSsm(call.caller, 'DescribeInstanceInformation', '*');
  const found = candidates(world, input.Filters).filter((managed) =>
    input.Filters.every(({ Key, Values }) => valuesOf(world, managed, Key).some((value) => Values.includes(value))),
  );
  const page = ssmPage(found, ({ host }) => host.instanceId, input);
  return present({
    InstanceInformationList: page.items.map((managed) => ({
      InstanceId: managed.host.instanceId,
      PingStatus: pingStatus(world, managed),
      LastPingDateTime: seconds(world.now()),
      AgentVersion: '3.3.3572.0',
      IsLatestVersion: true,
      PlatformType: 'Linux',
      PlatformName: 'Debian GNU/Linux',
      PlatformVersion: '12',
      ResourceType: 'EC2Instance',
      IPAddress: '127.0.0.1',
      ComputerName: managed.host.instanceId,
      RegistrationDate: seconds(managed.registeredAt),
    })),
    NextToken: page.nextToken,
  });
}

/** Those that a filter names, or all. */
function candidates({ hosts }: SsmWorld, filters: v.InferOutput<typeof Parameters>['Filters']): readonly ManagedHost[] {
  const named = filters.find(({ Key }) => Key === 'InstanceIds');
  if (named === undefined) return [...hosts.values()];
  return [...new Set(named.Values)].flatMap((id) => hosts.get(id) ?? []);
}

const pingStatus = ({ behaviour }: SsmWorld, { host }: ManagedHost): string =>
  behaviour.offline.includes(host.instanceId) ? 'ConnectionLost' : 'Online';

function valuesOf(world: SsmWorld, managed: ManagedHost, key: string): readonly string[] {
  const { host } = managed;
  if (key.startsWith('tag:')) return [host.tags[key.slice('tag:'.length)]].filter((value) => value !== undefined);
  switch (key) {
    case 'InstanceIds':
      return [host.instanceId];
    case 'PingStatus':
      return [pingStatus(world, managed)];
    case 'PlatformTypes':
      return ['Linux'];
    case 'ResourceType':
      return ['EC2Instance'];
    default:
      return Object.keys(host.tags);
  }
}
