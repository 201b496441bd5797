import type { HostFacts, UsedMount } from '../../discovery/facts.ts';
import { mountPointOf, splitMounts } from '../mounts.ts';
import type { AgentPath } from '../snapshot-plan.ts';
import type { Check, Refusal } from './refusal.ts';

/** Any append to a frozen file system hangs, and with it the one who should thaw; so does one to what stands on it. */
export const agentOffFrozenMounts: Check = (facts, request) => {
  const { frozen } = splitMounts(facts, request);
  if (frozen.length === 0) return [];
  return request.agentPaths.flatMap((path) => refusalOf(path, frozen, facts));
};

function refusalOf(
  { what, path, below = [] }: AgentPath,
  frozen: readonly UsedMount[],
  { storage }: HostFacts,
): readonly Refusal[] {
  const frozenUnder = (place: string): string | undefined => {
    const mount = mountPointOf(place, storage.hostMounts);
    return frozen.find(({ majorMinor }) => majorMinor === mount?.majorMinor)?.mountPoint;
  };
  const refuse = (why: string): readonly Refusal[] => [
    {
      code: 'agent-on-frozen-mount',
      message: `the ${what} ${path} ${why}`,
      hint: `Put the ${what} on another file system, for example the root file system, or freeze none (--freeze never).`,
    },
  ];
  const own = frozenUnder(path);
  if (own !== undefined) return refuse(`lies on ${own}, which would be frozen`);
  for (const each of below) {
    if ('unknown' in each) return refuse(`may lie on what would be frozen: ${each.unknown}`);
    const mountPoint = frozenUnder(each.path);
    if (mountPoint !== undefined)
      return refuse(`ends in ${each.path} (${each.via}), which lies on ${mountPoint} and would be frozen`);
  }
  return [];
}
