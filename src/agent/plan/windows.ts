import type { HostFacts, UsedMount } from '../discovery/facts.ts';
import type { DecidedRequest } from './snapshot-plan.ts';

/** What is frozen, and what is only synced under the lock; without a lock, neither. The root file system is never frozen. */
export function splitMounts(
  { storage }: HostFacts,
  { freeze, level }: Pick<DecidedRequest, 'freeze' | 'level'>,
): { readonly frozen: readonly UsedMount[]; readonly synced: readonly UsedMount[] } {
  if (level === 'crash') return { frozen: [], synced: [] };
  const isFrozen = (mount: UsedMount): boolean => freeze === 'auto' && !mount.isRoot;
  return { frozen: storage.mounts.filter(isFrozen), synced: storage.mounts.filter((mount) => !isFrozen(mount)) };
}
