import type { WarningCode } from '../../shared/warnings.ts';
import type { HostFacts, ServerFacts } from '../discovery/facts.ts';
import { describeVersion, hasAtomicDdl, newestTried } from '../discovery/server-version.ts';
import type { InstanceFacts } from '../ports.ts';
import { planLock } from './lock-plan.ts';
import { reasonNeverToFreeze, splitMounts } from './mounts.ts';
import { isDegradedMirror } from './preflight/arrays-complete.ts';
import type { DecidedRequest, PlanWarning } from './snapshot-plan.ts';

/** What the operator should know though it stops nothing. `stopped`: the channels whose appliers will be stopped. */
export function planWarnings(
  facts: HostFacts,
  request: DecidedRequest,
  stopped: readonly string[] = [],
): readonly PlanWarning[] {
  const { instance, server, storage } = facts;
  const version = describeVersion(server.version);
  const tried = newestTried(server.version);
  return [
    ...wrongClock(instance),
    ...(tried === undefined
      ? []
      : [
          warning(
            'server-newer',
            `${version} is newer than ${tried}, the newest version that this agent was tried with`,
          ),
        ]),
    ...splitMounts(facts, request).synced.map((mount) => {
      const reason = reasonNeverToFreeze(storage, mount);
      const because = reason === undefined ? '' : `: ${reason}`;
      return warning('not-frozen', `${mount.mountPoint} is synced under the lock but not frozen${because}`);
    }),
    ...storage.arrays
      .filter(isDegradedMirror)
      .map(({ name, level, detail }) =>
        warning('degraded-mirror', `the array ${name} (${level}) is degraded, its data is complete: ${detail}`),
      ),
    ...server.keyringPlugins.map((plugin) =>
      warning(
        'key-not-in-set',
        `the keys of ${plugin} are NOT in the set: keep them, without them it cannot be restored`,
      ),
    ),
    ...storage.encrypted.map(({ name, isHeaderDetached }) =>
      warning(
        'key-not-in-set',
        isHeaderDetached
          ? `neither the key of the encrypted device ${name} nor its header, which lies elsewhere, is in the set: keep both, without them it cannot be restored`
          : `the key of the encrypted device ${name} is NOT in the set: keep it, without it the set cannot be restored`,
      ),
    ),
    ...(server.binlogEnabled
      ? []
      : [warning('no-binary-log', 'the binary log is off: the set has no coordinates of its own')]),
    ...(request.level === 'crash' && !hasAtomicDdl(server.version) && planLock(server).ddl === undefined
      ? [
          warning(
            'ddl-not-atomic',
            `${version} does not recover DDL and account statements whole: one that runs at the moment of the set may be there in part`,
          ),
        ]
      : []),
    ...unclearReplica(server, stopped),
    ...temporaryTables(server),
    ...(server.replica?.lockConflictTables === 'unseen' && request.level !== 'crash' && !request.stopReplicaSql
      ? [
          warning(
            'replica-may-stop',
            'parallel workers keep the order of commits: the read lock can stop this replica (error 3030) while a table that is not transactional is applied, and this account cannot see whether there are any (GRANT SHOW VIEW ON *.*, or --stop-replica-sql)',
          ),
        ]
      : []),
  ];
}

/** The name and the age of the set go by this host's clock. */
function wrongClock({ clockAheadMs }: InstanceFacts): readonly PlanWarning[] {
  if (clockAheadMs === undefined) return [];
  const minutes = Math.round(Math.abs(clockAheadMs) / 60_000);
  return [
    warning('clock-off', `this host's clock is ${minutes} min ${clockAheadMs > 0 ? 'behind' : 'ahead of'} AWS's`),
  ];
}

/** From a low-water mark without GTIDs a sibling replica would execute some transactions twice. */
function unclearReplica({ replica }: ServerFacts, stopped: readonly string[]): readonly PlanWarning[] {
  if (replica === undefined || replica.parallelWorkers === 0) return [];
  const unclear = replica.channels.filter(({ name, autoPosition }) => !autoPosition && !stopped.includes(name));
  return unclear.map(({ name }) =>
    warning(
      'source-position-inexact',
      `the replication channel '${name}' has parallel workers and no GTID: its place in the source's binary log is a low-water mark`,
    ),
  );
}

/** [MySQL manual, "Replication and Temporary Tables"] */
function temporaryTables({ replica }: ServerFacts): readonly PlanWarning[] {
  const open = replica?.openTemporaryTables ?? 0;
  if (open === 0) return [];
  const tables = open === 1 ? '1 temporary table' : `${open} temporary tables`;
  return [warning('replica-temporary-tables', `this replica has ${tables} of its source open, which no set holds`)];
}

const warning = (code: WarningCode, message: string): PlanWarning => ({ code, message });
