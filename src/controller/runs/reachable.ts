import type { InstanceId } from '../../shared/ids.ts';
import type { FleetInstance, ManagedNode } from '../ports.ts';

/** A targeted host that no command reached, and why; `outcome-unknown` where one may have reached it all the same. */
export interface UnreachableHost {
  readonly host: FleetInstance;
  readonly code: 'host-missing' | 'outcome-unknown';
  readonly message: string;
  readonly hint: string;
}

export interface Fleet {
  readonly targeted: readonly FleetInstance[];
  readonly reachable: readonly InstanceId[];
  readonly unreachable: readonly UnreachableHost[];
}

/** Compares what was targeted with what Systems Manager manages: who can be reached, and who cannot and why. */
export function partitionReachable(targeted: readonly FleetInstance[], managed: readonly ManagedNode[]): Fleet {
  const nodes = new Map(managed.map((node) => [node.instanceId, node]));
  const unreachable = targeted.flatMap((host) => {
    const reason = whyNot(host, nodes.get(host.instanceId));
    return reason === undefined ? [] : [{ host, code: 'host-missing' as const, ...reason }];
  });
  const out = new Set(unreachable.map(({ host }) => host.instanceId));
  const reachable = targeted.map(({ instanceId }) => instanceId).filter((id) => !out.has(id));
  return { targeted, reachable, unreachable };
}

function whyNot(host: FleetInstance, node: ManagedNode | undefined): { message: string; hint: string } | undefined {
  if (host.state !== 'running') {
    return { message: `the instance is ${host.state}`, hint: 'Start it, or take it out of the targets.' };
  }
  if (node === undefined) {
    return {
      message: 'the instance is not managed by Systems Manager',
      hint: 'Install SSM Agent and attach an instance profile with AmazonSSMManagedInstanceCore.',
    };
  }
  if (node.platform !== 'Linux') {
    return { message: `the instance runs ${node.platform}, not Linux`, hint: 'Take it out of the targets.' };
  }
  if (node.ping !== 'Online') {
    return {
      message: `the SSM Agent of the instance is offline (${node.ping})`,
      hint: 'Check that SSM Agent runs there and reaches its endpoints.',
    };
  }
  return undefined;
}
