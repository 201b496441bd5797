import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { nextRun, validateSchedule } from './association-schedule.ts';
import { type Command, isUnderWay } from './command.ts';
import { findDocument, findVersion } from './document-store.ts';
import { ErrorRate, Rate, refuseBadParameters } from './send-command.ts';
import { authorizeSsm, type ManagedHost, type SsmWorld } from './ssm-world.ts';
import { startCommand } from './start-command.ts';
import { hostsFor, Targets } from './targets.ts';

/**
 * State Manager: a document's runs from an association, at its creation and change, when a target appears, by its
 * schedule and on order [doc and model: CreateAssociation …].
 */
export interface Association {
  readonly associationId: string;
  readonly createdAt: number;
  /** Each change is a version, the settings as a whole. */
  readonly versions: [AssociationVersion, ...AssociationVersion[]];
  /** The newest last. */
  readonly executions: Execution[];
}

export interface AssociationVersion {
  readonly number: number;
  readonly settings: Settings;
  readonly madeAt: number;
  /** Aborted when it is no longer followed: at the next version, the deletion and the lab's end. */
  readonly ended: AbortController;
}

export interface Execution {
  readonly command: Command;
  readonly version: number;
}

/** What CreateAssociation and UpdateAssociation both take. */
export const settingsEntries = {
  DocumentVersion: v.optional(v.pipe(v.string(), v.regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/)), '$DEFAULT'),
  Parameters: v.optional(v.record(v.string(), v.array(v.string())), {}),
  AssociationName: v.optional(v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_\-.]{3,128}$/))),
  ScheduleExpression: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
  ScheduleOffset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(6))),
  ApplyOnlyAtCronInterval: v.optional(v.boolean(), false),
  MaxConcurrency: v.optional(Rate, '100%'),
  MaxErrors: v.optional(ErrorRate, '100%'),
  ComplianceSeverity: v.optional(v.picklist(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNSPECIFIED'])),
  SyncCompliance: v.optional(v.picklist(['AUTO', 'MANUAL'])),
  Duration: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24))),
  OutputLocation: v.optional(
    v.strictObject({
      S3Location: v.strictObject({
        OutputS3Region: v.optional(v.pipe(v.string(), v.minLength(3), v.maxLength(20))),
        OutputS3BucketName: v.optional(v.pipe(v.string(), v.minLength(3), v.maxLength(63))),
        OutputS3KeyPrefix: v.optional(v.pipe(v.string(), v.maxLength(500))),
      }),
    }),
  ),
};

export const Settings = v.strictObject({
  Name: v.string(),
  Targets: v.pipe(Targets, v.minLength(1)),
  ...settingsEntries,
});
export type Settings = v.InferOutput<typeof Settings>;

export const current = ({ versions }: Association): AssociationVersion => versions.at(-1) ?? versions[0];

/** What State Manager refuses, beyond what a single field may be. */
export function refuseBadSettings(world: SsmWorld, settings: Settings): void {
  const { ScheduleExpression: expression, ScheduleOffset, ApplyOnlyAtCronInterval } = settings;
  if (expression !== undefined) validateSchedule(expression);
  if (ApplyOnlyAtCronInterval && (expression === undefined || expression.startsWith('rate('))) {
    throw new ApiError('ValidationException', 'ApplyOnlyAtCronInterval needs a cron expression.');
  }
  if (ScheduleOffset !== undefined && (!ApplyOnlyAtCronInterval || !expression?.startsWith('cron('))) {
    throw new ApiError('ValidationException', 'ScheduleOffset needs a cron expression and ApplyOnlyAtCronInterval.');
  }
  refuseBadParameters(findVersion(findDocument(world, settings.Name), settings.DocumentVersion), settings.Parameters);
}

/** Runs it at once unless it waits for its schedule, and then by its schedule. */
export function follow(world: SsmWorld, association: Association): void {
  const { settings, ended } = current(association);
  if (!settings.ApplyOnlyAtCronInterval) applyToTargets(world, association);
  void followSchedule(world, association, current(association), ended.signal);
}

/** A host that registers is given the associations that target it. */
export function applyToNewHost(world: SsmWorld, host: ManagedHost): void {
  for (const association of world.associations.values()) {
    const { ApplyOnlyAtCronInterval, Targets: targets } = current(association).settings;
    if (!ApplyOnlyAtCronInterval && hostsFor(world, targets).includes(host)) apply(world, association, [host]);
  }
}

export const applyToTargets = (world: SsmWorld, association: Association): void =>
  apply(world, association, hostsFor(world, current(association).settings.Targets));

/** Nothing fires by schedule any more. */
export function unfollow(associations: Iterable<Association>): void {
  for (const association of associations) current(association).ended.abort();
}

/** A timer holds no longer than 24.8 days. */
const LONGEST_NAP_MS = 24 * 3_600_000;

async function followSchedule(
  world: SsmWorld,
  association: Association,
  { settings, madeAt: since }: AssociationVersion,
  ended: AbortSignal,
): Promise<void> {
  const { ScheduleExpression: expression, ScheduleOffset: offsetDays = 0 } = settings;
  if (expression === undefined) return;
  let next = nextRun(expression, { since, after: since, offsetDays });
  while (next !== undefined && !ended.aborted) {
    const wait = next - world.now();
    if (wait > 0) {
      await world.time.sleep(Math.min(wait, LONGEST_NAP_MS), ended);
      continue;
    }
    applyToTargets(world, association);
    next = nextRun(expression, { since, after: Math.max(next, world.now()), offsetDays });
  }
}

function apply(world: SsmWorld, association: Association, hosts: readonly ManagedHost[]): void {
  if (hosts.length === 0) return;
  const { settings, number } = current(association);
  const document = findDocument(world, settings.Name);
  const command = startCommand(world, {
    documentName: document.name,
    documentVersion: findVersion(document, settings.DocumentVersion),
    versionAsked: settings.DocumentVersion,
    parameters: settings.Parameters,
    comment: '',
    instanceIds: [],
    targets: settings.Targets,
    timeoutSeconds: 3600,
    maxConcurrency: settings.MaxConcurrency,
    maxErrors: settings.MaxErrors,
    hosts,
  });
  association.executions.push({ command, version: number });
  if (settings.Duration !== undefined && settings.ApplyOnlyAtCronInterval) {
    void cancelAfter(world, command, settings.Duration);
  }
}

/** What is pending or at work after so many hours is cancelled. */
async function cancelAfter(world: SsmWorld, command: Command, hours: number): Promise<void> {
  await world.time.sleep(hours * 3_600_000);
  if ([...command.invocations.values()].some(isUnderWay)) command.cancel.abort();
}

/** Throws AssociationDoesNotExist, after AccessDeniedException. */
export function findAssociation(world: SsmWorld, call: ApiCall, action: string, id: string): Association {
  authorizeSsm(call.caller, action, arn.association(world.account, id));
  const found = world.associations.get(id);
  if (found === undefined) throw new ApiError('AssociationDoesNotExist', `The association ${id} does not exist.`);
  return found;
}
