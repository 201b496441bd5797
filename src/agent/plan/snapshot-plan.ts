import type { InstanceId, RunId, VolumeId } from '../../shared/ids.ts';
import type { Level, SetLevel } from '../../shared/result.ts';
import type { Tags } from '../../shared/tags.ts';
import type { WarningCode } from '../../shared/warnings.ts';
import type { HostFacts } from '../discovery/facts.ts';
import type { PathBelow } from '../discovery/paths-below.ts';
import type { ApplierPlan } from '../ports.ts';
import type { LockPlan } from './lock-plan.ts';

/** What was asked for, parsed and complete: no default is decided after this. The name of a time ends in its unit. */
export interface SnapshotRequest {
  readonly run: RunId;
  readonly level: Level;
  readonly freeze: 'auto' | 'never';
  readonly lockTimeoutSeconds: number;
  readonly lockTries: number;
  readonly longQueryThresholdSeconds: number;
  /** Absent: nothing is killed. */
  readonly killLongQueriesAfterSeconds: number | undefined;
  readonly freezeTimeoutMs: number;
  /** A replica's appliers are stopped before the lock is asked for, and started again after the unlock. */
  readonly stopReplicaSql: boolean;
  /** The user's own tags; keys under our prefix were refused at the edge. */
  readonly tags: Tags;
  readonly description: string | undefined;
  /** Paths that the agent needs while file systems are frozen (log file, TMPDIR, cwd, bundle, runtime …), real. */
  readonly agentPaths: readonly AgentPath[];
}

/** A request whose level has been decided. */
export type DecidedRequest = Omit<SnapshotRequest, 'level'> & { readonly level: SetLevel };

export interface AgentPath {
  /** For the message: `log file`, `TMPDIR` … */
  readonly what: string;
  readonly path: string;
  /** Where a write there ends up, below overlays and loop devices. */
  readonly below?: readonly PathBelow[];
}

/** All that is decided before anything is touched. */
export interface SnapshotPlan {
  readonly run: RunId;
  readonly set: string;
  readonly instanceId: InstanceId;
  readonly region: string;
  readonly level: SetLevel;
  /** Where `auto` was asked for and came to `application`: everything that speaks against `crash`. */
  readonly notCrashBecause: readonly string[];
  readonly facts: HostFacts;
  readonly lock: LockPlan;
  /** Absent where none is stopped. */
  readonly appliers: ApplierPlan | undefined;
  /** Mount points to freeze, one per superblock; none at level `crash`. */
  readonly freeze: readonly string[];
  /** Mount points that are synced under the lock but not frozen (the root file system, or all with `--freeze never`). */
  readonly syncOnly: readonly string[];
  readonly members: readonly VolumeId[];
  readonly exclude: { readonly bootVolume: boolean; readonly dataVolumes: readonly VolumeId[] };
  /** Everything but the coordinates, which are known only under the lock. */
  readonly tags: Tags;
  readonly description: string | undefined;
  readonly warnings: readonly PlanWarning[];
  /** Known once the server's process has been met. */
  readonly serverView?: ServerView;
}

/** How the server's process sees the mounts at and below the planned paths; each by place, device and root, sorted. */
export interface ServerView {
  readonly pid: number;
  readonly mounts: readonly string[];
}

export interface PlanWarning {
  readonly code: WarningCode;
  readonly message: string;
}
