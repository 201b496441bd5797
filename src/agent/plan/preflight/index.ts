import type { HostFacts } from '../../discovery/facts.ts';
import type { DecidedRequest } from '../snapshot-plan.ts';
import { agentOffFrozenMounts } from './agent-off-frozen-mounts.ts';
import { appliersStoppable } from './appliers-stoppable.ts';
import { arraysComplete } from './arrays-complete.ts';
import { binlogInFiles } from './binlog-in-files.ts';
import { datadirOwnedByServer } from './datadir-owned-by-server.ts';
import { deviceMapperKnown } from './device-mapper-known.ts';
import { doublewriteWhereUnfrozen } from './doublewrite-where-unfrozen.ts';
import { enginesUnderstood } from './engines-understood.ts';
import { exclusionsFit } from './exclusions-fit.ts';
import { fileSystemsSupported } from './file-systems-supported.ts';
import { filesSyncedWhereUnfrozen } from './files-synced-where-unfrozen.ts';
import { hasMembers } from './has-members.ts';
import { journalWhereUnfrozen } from './journal-where-unfrozen.ts';
import { lvmSnapshotsInSet } from './lvm-snapshots-in-set.ts';
import { manifestHasRoom } from './manifest-has-room.ts';
import { noForcedRecovery } from './no-forced-recovery.ts';
import { notClustered } from './not-clustered.ts';
import { privilegesSufficient } from './privileges-sufficient.ts';
import { redoLogEnabled } from './redo-log-enabled.ts';
import { redoNotArchived } from './redo-not-archived.ts';
import type { Check, Refusal } from './refusal.ts';
import { replicaSurvivesLock } from './replica-survives-lock.ts';
import { snapshotsNotPending } from './snapshots-not-pending.ts';
import { tagsFit } from './tags-fit.ts';
import { volumesResolved } from './volumes-resolved.ts';

/** The checklist. What stands first names the run's error where several things are wrong. */
const CHECKS: readonly Check[] = [
  privilegesSufficient,
  notClustered,
  enginesUnderstood,
  binlogInFiles,
  redoLogEnabled,
  redoNotArchived,
  appliersStoppable,
  replicaSurvivesLock,
  noForcedRecovery,
  datadirOwnedByServer,
  manifestHasRoom,
  volumesResolved,
  arraysComplete,
  deviceMapperKnown,
  lvmSnapshotsInSet,
  fileSystemsSupported,
  hasMembers,
  doublewriteWhereUnfrozen,
  filesSyncedWhereUnfrozen,
  journalWhereUnfrozen,
  exclusionsFit,
  tagsFit,
  snapshotsNotPending,
  agentOffFrozenMounts,
];

/** Everything that speaks against the run, all at once. */
export const preflight = (facts: HostFacts, request: DecidedRequest): readonly Refusal[] =>
  CHECKS.flatMap((check) => check(facts, request));
