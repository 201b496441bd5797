import type { HostFacts } from '../discovery/facts.ts';
import { isDegradedMirror } from './preflight/arrays-complete.ts';
import type { PlanWarning, SnapshotRequest } from './snapshot-plan.ts';
import { splitMounts } from './windows.ts';

/** What the operator should know though it stops nothing. */
export function planWarnings(facts: HostFacts, request: SnapshotRequest): readonly PlanWarning[] {
  const { server, storage } = facts;
  return [
    ...splitMounts(facts, request).synced.map(({ mountPoint, isRoot }) => ({
      code: 'not-frozen',
      message: `${mountPoint} is synced under the lock but not frozen${isRoot ? ': it holds the root file system' : ''}`,
    })),
    ...storage.arrays.filter(isDegradedMirror).map(({ name, level, detail }) => ({
      code: 'degraded-mirror',
      message: `the array ${name} (${level}) is degraded, its data is complete: ${detail}`,
    })),
    ...server.keyringPlugins.map((plugin) => ({
      code: 'key-not-in-set',
      message: `the keys of ${plugin} are NOT in the set: keep them, without them it cannot be restored`,
    })),
    ...(server.binlogEnabled
      ? []
      : [{ code: 'no-binary-log', message: 'the binary log is off: the set has no coordinates' }]),
  ];
}
