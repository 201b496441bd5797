import type { RunDocument, StepResult } from '../../ssm-agent/run-document.ts';
import type { LabHost } from '../../world.ts';
import type { Account } from '../account.ts';
import type { Behaviour, NotDelivered } from '../behaviour.ts';
import type { LabTime } from '../lab-time.ts';
import type { ValidDocument } from './document-validation.ts';
import type { Settings } from './input-schemas.ts';

/** The records of Systems Manager, in which the lab keeps documents, commands, associations and parameters. */

/** What Systems Manager's actions work with. */
export interface SsmWorld {
  readonly account: Account;
  readonly behaviour: Behaviour;
  readonly time: LabTime;
  readonly now: () => number;
  readonly hosts: Map<string, ManagedHost>;
  readonly documents: Map<string, StoredDocument>;
  /** In the order in which they were sent. */
  readonly commands: Map<string, Command>;
  readonly associations: Map<string, Association>;
  readonly parameters: Map<string, StoredParameter>;
  /** Registers work that continues after its answer; the lab awaits it on shutdown. */
  readonly track: (work: Promise<void>) => void;
}

/** An instance whose SSM agent has registered. */
export interface ManagedHost {
  readonly host: LabHost;
  readonly run: RunDocument;
  readonly registeredAt: number;
}

export interface StoredDocument {
  readonly name: string;
  readonly versions: DocumentVersion[];
  defaultVersion: number;
  readonly targetType: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
}

export interface DocumentVersion {
  readonly number: number;
  readonly name: string | undefined;
  readonly content: string;
  readonly format: 'YAML' | 'JSON';
  readonly document: ValidDocument;
  /** SHA-256 of the content, in hex. */
  readonly hash: string;
  readonly createdAt: number;
}

export interface Command {
  readonly commandId: string;
  readonly documentName: string;
  readonly documentVersion: DocumentVersion;
  /** The version as the caller gave it, which the answers repeat as DocumentVersion. */
  readonly versionAsked: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly comment: string;
  readonly instanceIds: readonly string[];
  readonly targets: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  readonly requestedAt: number;
  readonly timeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  readonly invocations: ReadonlyMap<string, Invocation>;
  readonly cancel: AbortController;
  /** MaxErrors as a number of invocations. */
  readonly errorsAllowed: number;
}

/** A command on one of its targets. */
export interface Invocation {
  readonly target: ManagedHost;
  readonly requestedAt: number;
  detail: InvocationDetail;
  steps: readonly StepResult[];
  startedAt?: number;
  endedAt?: number;
  /** The number of GetCommandInvocation calls for it so far: the first ones miss it. */
  asked: number;
}

/** The general status of an invocation [doc: Understanding command statuses]. */
export type InvocationStatus =
  | 'Pending'
  | 'Delayed'
  | 'InProgress'
  | 'Success'
  | 'Cancelled'
  | 'TimedOut'
  | 'Failed'
  | 'Cancelling';

/** The detailed status of an invocation, from which the general one follows [doc: Understanding command statuses]. */
export type InvocationDetail =
  | InvocationStatus
  | 'DeliveryTimedOut'
  | 'ExecutionTimedOut'
  | 'Terminated'
  | NotDelivered;

/** What State Manager keeps of an association; associations.ts says when it runs. */
export interface Association {
  readonly associationId: string;
  readonly createdAt: number;
  /** Every change adds a version, which holds all settings. */
  readonly versions: [AssociationVersion, ...AssociationVersion[]];
  /** The newest last. */
  readonly executions: Execution[];
}

export interface AssociationVersion {
  readonly number: number;
  readonly settings: Settings;
  readonly madeAt: number;
  /** Aborted when its schedule ends: on the next version, on deletion, and when the lab shuts down. */
  readonly ended: AbortController;
}

/** One run of an association: the command that it sent, and the version that sent it. */
export interface Execution {
  readonly command: Command;
  readonly version: number;
}

/** A SecureString of Parameter Store. */
export interface StoredParameter {
  readonly name: string;
  readonly value: string;
  readonly modifiedAt: number;
}
