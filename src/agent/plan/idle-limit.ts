import type { SnapshotRequest } from './snapshot-plan.ts';

/** Level `application`: our files are small; a data directory that cannot take them in this time is in trouble. */
export const WRITE_UNDER_LOCK_MS = 5_000;
/** For the file systems that are not frozen. */
export const SYNC_UNDER_LOCK_MS = 10_000;
/** Level `crash`: DDL may wait for this. */
export const CREATE_WITHOUT_COMMITS_HELD_MS = 30_000;
/** Beyond the longest idle time of an orderly run: a busy host. */
const SLACK_SECONDS = 2;

/**
 * After how many seconds without a statement the server ends a session that holds a lock: the longest for which an
 * orderly run leaves it idle, and 2 s. An agent that is stopped holds the lock for no longer.
 */
export function lockIdleSeconds(
  level: 'application' | 'crash',
  { freezeTimeoutMs }: Pick<SnapshotRequest, 'freezeTimeoutMs'>,
  syncsUnderLock: boolean,
): number {
  const syncMs = syncsUnderLock ? SYNC_UNDER_LOCK_MS : 0;
  const createMs = level === 'crash' ? CREATE_WITHOUT_COMMITS_HELD_MS : freezeTimeoutMs;
  return Math.ceil(Math.max(WRITE_UNDER_LOCK_MS, syncMs + createMs) / 1000) + SLACK_SECONDS;
}
