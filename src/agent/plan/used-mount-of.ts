import type { UsedMount } from '../discovery/facts.ts';
import { mountPointOf } from './mount-point-of.ts';
import type { SnapshotPlan } from './snapshot-plan.ts';

/** The superblock that a file of the server is on: what lies under a bind mount is shown where it is frozen. */
export function usedMountOf({ facts: { storage } }: SnapshotPlan, path: string): UsedMount | undefined {
  const mount = mountPointOf(path, storage.hostMounts);
  return storage.mounts.find(({ majorMinor }) => majorMinor === mount?.majorMinor);
}
