import { mountPointOf, splitMounts } from '../mounts.ts';
import type { Check } from './refusal.ts';

/** Any append to a frozen file system hangs, and with it the one who should thaw. */
export const agentOffFrozenMounts: Check = (facts, request) => {
  const frozen = splitMounts(facts, request).frozen;
  return request.agentPaths.flatMap(({ what, path }) => {
    const mount = mountPointOf(path, facts.storage.hostMounts);
    const hit = frozen.find(({ majorMinor }) => majorMinor === mount?.majorMinor);
    if (hit === undefined) return [];
    return [
      {
        code: 'agent-on-frozen-mount' as const,
        message: `the ${what} ${path} lies on ${hit.mountPoint}, which would be frozen`,
        hint: `Put the ${what} on another file system, for example the root file system.`,
      },
    ];
  });
};
