import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { describe } from './association-reads.ts';
import { applyToTargets, current, findAssociation, follow, refuseBadSettings, unfollow } from './associations.ts';
import { authorizeSsm, authorizeSsmOnHost } from './authorize.ts';
import { Settings, settingsEntries, Targets } from './input-schemas.ts';
import { parseInput } from './json-protocol.ts';
import type { Association, AssociationVersion, SsmWorld } from './model.ts';
import { hostsFor } from './targets.ts';

/** CreateAssociation, UpdateAssociation, DeleteAssociation, StartAssociationsOnce [doc and model]. */

export async function createAssociation(world: SsmWorld, call: ApiCall): Promise<object> {
  const settings = parseInput(Settings, call.parameters);
  const associationId = randomUUID();
  authorizeSsm(call.caller, 'CreateAssociation', arn.association(world.account, associationId));
  authorizeSettings(world, call, 'CreateAssociation', settings);
  refuseBadSettings(world, settings);
  const now = world.now();
  const association: Association = {
    associationId,
    createdAt: now,
    versions: [version(1, settings, now)],
    executions: [],
  };
  world.associations.set(associationId, association);
  follow(world, association);
  return { AssociationDescription: describe(association) };
}

const Update = v.strictObject({
  AssociationId: v.string(),
  AssociationVersion: v.optional(v.pipe(v.string(), v.regex(/^(\$LATEST|[1-9][0-9]*)$/)), '$LATEST'),
  Name: v.optional(v.string()),
  Targets: v.optional(Targets, []),
  ...settingsEntries,
});

/**
 * What is optional and not given is gone, also where it was given before [doc]. That a new version without targets is
 * refused, and one without a document's name keeps it, is our reading.
 */
export async function updateAssociation(world: SsmWorld, call: ApiCall): Promise<object> {
  const { AssociationId, AssociationVersion, Name, ...given } = parseInput(Update, call.parameters);
  // [doc] Who may update has to be allowed to describe as well.
  findAssociation(world, call, 'DescribeAssociation', AssociationId);
  const association = findAssociation(world, call, 'UpdateAssociation', AssociationId);
  const latest = current(association);
  if (AssociationVersion !== '$LATEST' && AssociationVersion !== String(latest.number)) {
    throw new ApiError('InvalidAssociationVersion', `The version ${AssociationVersion} is not the latest.`);
  }
  if (given.Targets.length === 0) throw new ApiError('InvalidUpdate', 'The update has no targets.');
  const settings = { ...given, Name: Name ?? latest.settings.Name };
  authorizeSettings(world, call, 'UpdateAssociation', settings);
  refuseBadSettings(world, settings);
  latest.ended.abort();
  association.versions.push(version(latest.number + 1, settings, world.now()));
  follow(world, association);
  return { AssociationDescription: describe(association) };
}

const Delete = v.strictObject({ AssociationId: v.string() });

/** What runs of it goes on. */
export async function deleteAssociation(world: SsmWorld, call: ApiCall): Promise<object> {
  const { AssociationId } = parseInput(Delete, call.parameters);
  unfollow([findAssociation(world, call, 'DeleteAssociation', AssociationId)]);
  world.associations.delete(AssociationId);
  return {};
}

const StartOnce = v.strictObject({ AssociationIds: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(10)) });

export async function startAssociationsOnce(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(StartOnce, call.parameters);
  const associations = input.AssociationIds.map((id) => findAssociation(world, call, 'StartAssociationsOnce', id));
  for (const association of associations) applyToTargets(world, association);
  return {};
}

const version = (number: number, settings: Settings, madeAt: number): AssociationVersion => ({
  number,
  settings,
  madeAt,
  ended: new AbortController(),
});

/** The document, and the instances that are named by id [service authorization reference]. */
function authorizeSettings(world: SsmWorld, { caller }: ApiCall, action: string, settings: Settings): void {
  authorizeSsm(caller, action, arn.document(world.account, settings.Name));
  for (const target of settings.Targets) {
    if (target.Key !== 'InstanceIds') continue;
    for (const host of hostsFor(world, [target])) authorizeSsmOnHost(world, caller, action, host);
  }
}
