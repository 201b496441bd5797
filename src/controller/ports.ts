import type { InstanceId, RunId, SnapshotId, VolumeId } from '../shared/ids.ts';
import type { Sleeper } from '../shared/poll.ts';
import type { Tags } from '../shared/tags.ts';

/**
 * What the fleet stories need of the world. Every method that calls AWS throws a RunError of the table:
 * the adapters have already turned AWS's errors into ours.
 */

/** The document's Operation that a run over the fleet performs. */
export type Operation = 'snapshot' | 'plan';

/** Whom a run is for: instances by id, or every instance that carries all of these tags. */
export type Scope =
  | { readonly by: 'ids'; readonly ids: readonly InstanceId[] }
  | { readonly by: 'tags'; readonly tags: readonly TagTarget[] };

/** A tag key with the values of which an instance carries one. */
export interface TagTarget {
  readonly key: string;
  readonly values: readonly string[];
}

/** A version of a Command document as Systems Manager knows it. */
export interface DocumentVersion {
  readonly version: string;
  readonly status: 'Creating' | 'Active' | 'Updating' | 'Deleting' | 'Failed';
  /** What Systems Manager says of a failure. */
  readonly statusText: string | undefined;
  /** SHA-256 of the content in hex. */
  readonly sha256: string;
  /** The number of the newest version of the document. */
  readonly latest: number;
}

export interface Documents {
  /** One version, the default one where none is given; `undefined` where there is no such document or version. */
  describe(name: string, version?: string): Promise<DocumentVersion | undefined>;
  /** Creates the document; answers its version. */
  create(name: string, content: string): Promise<string>;
  /** Adds a version and answers its number; `undefined` where a version with this content is there already. */
  update(name: string, content: string): Promise<string | undefined>;
  makeDefault(name: string, version: string): Promise<void>;
}

/** An EC2 instance that was targeted. */
export interface FleetInstance {
  readonly instanceId: InstanceId;
  /** Its `Name` tag, or `-`. */
  readonly name: string;
  /** EC2's word: `running`, `stopped` … */
  readonly state: string;
  readonly tags: Tags;
}

/** A host as Systems Manager knows it. */
export interface ManagedNode {
  readonly instanceId: string;
  /** `Online`, `ConnectionLost` or `Inactive`. */
  readonly ping: string;
  readonly platform: string;
}

export interface Inventory {
  /** The instances of the scope. Ids that EC2 does not know are absent; of tags, what is terminated is left out. */
  instances(scope: Scope): Promise<readonly FleetInstance[]>;
  /** Those of the ids that Systems Manager manages. */
  managed(ids: readonly InstanceId[]): Promise<readonly ManagedNode[]>;
}

/** One SendCommand request. */
export interface CommandRequest {
  readonly document: { readonly name: string; readonly version: string; readonly sha256: string };
  /** At most 50 ids, or tags. */
  readonly scope: Scope;
  readonly parameters: Readonly<Record<string, string>>;
  readonly comment: string;
  readonly maxConcurrency: string | undefined;
  readonly maxErrors: string;
  /** Seconds in which a host has to pick the command up. */
  readonly deliverySeconds: number;
}

/** How far a command is. Counts are of hosts. */
export interface CommandProgress {
  readonly status: string;
  readonly ended: boolean;
  readonly targets: number;
  readonly completed: number;
  readonly errors: number;
}

/** What became of a command on one host. */
export interface Invocation {
  readonly commandId: string;
  readonly instanceId: InstanceId;
  /** The status in detail: `Success`, `Failed`, `ExecutionTimedOut`, `Undeliverable` … */
  readonly status: string;
  readonly ended: boolean;
  /** Whether Systems Manager names a moment at which the script began. */
  readonly began: boolean;
  /** That moment; where it names none, when the host was asked. */
  readonly since: Date;
  /** The exit status of the script; `undefined` where it did not end by itself. */
  readonly exitStatus: number | undefined;
  /** What is kept of stdout and stderr; stdout of at most 1,238 bytes comes whole and first. */
  readonly output: string;
}

/** What became of SendCommand. `unknown`: the command may have been accepted. */
export type SendAnswer =
  | { readonly kind: 'sent'; readonly commandId: string }
  | { readonly kind: 'unknown'; readonly message: string };

/** A command that was found again: its id and what it was sent with. */
export interface SentCommand {
  readonly commandId: string;
  readonly sentAt: Date;
  readonly parameters: Readonly<Record<string, string>>;
  readonly scope: Scope;
}

/** Where a run's commands are found among all others. */
export interface CommandHistoryRange {
  readonly documentName: string;
  /** None of them was sent before. */
  readonly since: Date;
}

/**
 * The statuses that ListCommandInvocations can be asked for [API model: CommandFilter], all but `Success`. Of `TimedOut` the
 * model says that it includes both kinds; that the others include each other it does not say, so each is
 * asked for: those that pass first, so that nobody slips from one that was not asked yet into one that was.
 */
export const NON_SUCCESS_STATUSES = [
  'Pending',
  'Delayed',
  'InProgress',
  'Failed',
  'TimedOut',
  'Cancelled',
  'Terminated',
  'Undeliverable',
  'InvalidPlatform',
  'AccessDenied',
] as const;
export type NonSuccessStatus = (typeof NON_SUCCESS_STATUSES)[number];

export interface Commands {
  /** ONE attempt (SendCommand knows no idempotency token), except that a throttled request is asked again. */
  send(request: CommandRequest): Promise<SendAnswer>;
  /** The commands of a window, newest first. */
  sentIn(window: CommandHistoryRange): Promise<readonly SentCommand[]>;
  /** How far these commands are: one request for one, one for each 50 of the window's otherwise. Those that Systems Manager does not show yet are absent. */
  progress(commandIds: readonly string[], window: CommandHistoryRange): Promise<ReadonlyMap<string, CommandProgress>>;
  /** Every invocation of a command. */
  invocations(commandId: string): Promise<readonly Invocation[]>;
  /** Those of all these commands that are in one of these states, each once. */
  invocationsIn(
    statuses: readonly NonSuccessStatus[],
    commandIds: readonly string[],
    window: CommandHistoryRange,
  ): Promise<readonly Invocation[]>;
  cancel(commandId: string): Promise<void>;
}

/** A snapshot as EC2 tells of it. What stands in `tags` was written by whoever may; all else is EC2's own word. */
export interface Snapshot {
  readonly snapshotId: SnapshotId;
  readonly volumeId: VolumeId;
  readonly state: 'pending' | 'completed' | 'error' | 'recoverable' | 'recovering';
  readonly startTime: Date;
  readonly sizeGiB: number;
  readonly tags: Tags;
}

/** Which instance a volume is attached to now, by volume id; volumes that are gone, or attached to none, are absent. */
export type Attachments = ReadonlyMap<string, InstanceId>;

/** Which sets: of these instances, of a run (all, or of these instances), the one of this name, or all. */
export type SetChoice =
  | { readonly by: 'all' }
  | { readonly by: 'run'; readonly run: RunId; readonly only?: readonly InstanceId[] }
  | { readonly by: 'instances'; readonly ids: readonly InstanceId[] }
  | { readonly by: 'name'; readonly set: string };

export interface Snapshots {
  /** Every snapshot of this account that its tags say is a member of such a set. */
  ofSets(choice: SetChoice): Promise<readonly Snapshot[]>;
  /** How many members of a run's sets EBS has not completed; a thousand stands for that many or more. */
  pending(run: RunId): Promise<number>;
  /** Of those volumes that exist and are attached. */
  attachments(volumes: readonly VolumeId[]): Promise<Attachments>;
  /** Every snapshot of this account that a lock keeps from being deleted. */
  locked(): Promise<ReadonlySet<SnapshotId>>;
  /** One that is gone already is fine. */
  delete(snapshot: SnapshotId): Promise<void>;
}

/** What commands are followed with. */
export interface CommandPorts {
  readonly commands: Commands;
  readonly clock: Clock;
}

/** How grave it is where an association's last run was not well (compliance). */
export type ComplianceSeverity = 'critical' | 'high' | 'medium' | 'low' | 'unspecified';

/** A State Manager association as it is set. What Systems Manager does not say is `undefined`. */
export interface AssociationSettings {
  readonly name: string;
  /** `version`: a number, or `$DEFAULT` or `$LATEST` where nobody has pinned it. */
  readonly document: { readonly name: string; readonly version: string };
  /** By `tag:KEY` or `InstanceIds`; one that somebody else has made may have other keys. */
  readonly targets: readonly { readonly key: string; readonly values: readonly string[] }[];
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** `cron(…)`, `rate(…)` or `at(…)`. */
  readonly expression: string | undefined;
  /** Days from a time of the expression to the run. */
  readonly offsetDays: number | undefined;
  /** Without it, it runs as soon as it is made or changed, and on every target that appears. */
  readonly applyOnlyAtCronInterval: boolean;
  readonly maxConcurrency: string | undefined;
  readonly maxErrors: string | undefined;
  readonly severity: ComplianceSeverity | undefined;
  /** Where the output of the hosts is put besides. */
  readonly output: OutputLocation | undefined;
  /** Hours after which what has not ended is cancelled. */
  readonly durationHours: number | undefined;
}

export interface OutputLocation {
  readonly bucket: string;
  readonly prefix: string | undefined;
  readonly region: string | undefined;
}

export interface Association {
  readonly id: string;
  /** Counts the changes. */
  readonly version: string;
  readonly changedAt: Date;
  readonly lastRunAt: Date | undefined;
  /** Systems Manager's word for the last run: `Success`, `Failed`, `Pending` … */
  readonly status: string;
  readonly settings: AssociationSettings;
}

/** What became of CreateAssociation and UpdateAssociation. `unknown`: it may have been carried out. */
export type AssociationAnswer =
  | { readonly kind: 'done'; readonly association: Association }
  | { readonly kind: 'unknown'; readonly message: string };

export interface Associations {
  /** Those of a document whose name is one that this program gives. */
  ours(documentName: string): Promise<readonly Association[]>;
  /** ONE attempt (CreateAssociation knows no idempotency token), except that a throttled request is asked again. */
  create(settings: AssociationSettings): Promise<AssociationAnswer>;
  /** Refused where somebody else has changed it meanwhile. What the settings do not hold stays as it is. */
  update(association: Association, settings: AssociationSettings): Promise<AssociationAnswer>;
  /** One that is gone already is fine. */
  delete(association: Association): Promise<void>;
}

export interface Clock extends Sleeper {
  now(): Date;
}
