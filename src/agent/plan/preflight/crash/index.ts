import type { ServerFacts, UsedMount } from '../../../discovery/facts.ts';
import type { Refusal } from '../refusal.ts';
import { binlogSynced } from './binlog-synced.ts';
import { crashPrivileges } from './crash-privileges.ts';
import { doublewriteOn } from './doublewrite-on.ts';
import { filesSynced } from './files-synced.ts';
import { journaled } from './journaled.ts';
import { noPreparedTransactions } from './no-prepared-transactions.ts';
import { notClustered } from './not-clustered.ts';
import type { Obligation } from './obligation.ts';
import { redoFlushedAtCommit } from './redo-flushed-at-commit.ts';
import { replicaCrashSafe } from './replica-crash-safe.ts';
import { settingsFromStart } from './settings-from-start.ts';
import { tablesTransactional } from './tables-transactional.ts';

/** What has to hold for an image that nobody waited for to recover at exact coordinates. */
const OBLIGATIONS: readonly Obligation[] = [
  crashPrivileges,
  notClustered,
  binlogSynced,
  redoFlushedAtCommit,
  filesSynced,
  doublewriteOn,
  tablesTransactional,
  noPreparedTransactions,
  replicaCrashSafe,
  settingsFromStart,
];

/** Every obligation of level `crash` that is not met, with the statement that would mend it. */
export const crashObstacles = (server: ServerFacts, mounts: readonly UsedMount[] = []): readonly Refusal[] => [
  ...OBLIGATIONS.flatMap((obligation) => obligation(server)),
  ...journaled(mounts),
];
