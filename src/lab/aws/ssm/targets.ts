import type { Targets } from './input-schemas.ts';
import type { ManagedHost, SsmWorld } from './model.ts';

/** The managed hosts that match all targets. What matches nothing is simply absent, as in the service. */
export function hostsFor({ hosts }: SsmWorld, targets: Targets): readonly ManagedHost[] {
  return [...hosts.values()].filter(({ host }) =>
    targets.every(({ Key, Values }) => {
      if (Key === 'InstanceIds') return Values.includes(host.instanceId) || Values.includes('*');
      const value = host.tags[Key.slice('tag:'.length)];
      return value !== undefined && Values.includes(value);
    }),
  );
}
