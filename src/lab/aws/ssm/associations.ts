import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { nextRun, validateSchedule } from './association-schedule.ts';
import { authorizeSsm } from './authorize.ts';
import { isUnderWay } from './command.ts';
import { findDocument, findVersion } from './document-store.ts';
import type { Settings } from './input-schemas.ts';
import type { Association, AssociationVersion, Command, ManagedHost, SsmWorld } from './model.ts';
import { refuseBadParameters } from './send-command.ts';
import { startCommand } from './start-command.ts';
import { hostsFor } from './targets.ts';

/**
 * State Manager: runs the document of an association when it is created or changed, when a target appears, by its
 * schedule and on request [doc and model: CreateAssociation …].
 */

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
