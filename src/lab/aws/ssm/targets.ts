import * as v from 'valibot';
import type { ManagedHost, SsmWorld } from './ssm-world.ts';

export const Targets = v.pipe(
  v.array(
    v.strictObject({
      Key: v.pipe(
        v.string(),
        v.regex(
          /^(tag:.{1,128}|InstanceIds)$/s,
          "is not a target key that the lab embodies ('tag:KEY', 'InstanceIds')",
        ),
      ),
      Values: v.pipe(v.array(v.string()), v.maxLength(50)),
    }),
  ),
  v.maxLength(5),
);
export type Targets = v.InferOutput<typeof Targets>;

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
