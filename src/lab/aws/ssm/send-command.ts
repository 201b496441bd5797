import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizeSsm, authorizeSsmOnHost } from './authorize.ts';
import { describeCommand } from './describe-command.ts';
import { findDocument, findVersion } from './document-store.ts';
import { refusalOf } from './document-validation.ts';
import { ErrorRate, Rate, Targets } from './input-schemas.ts';
import { parseInput } from './json-protocol.ts';
import type { DocumentVersion, ManagedHost, SsmWorld } from './model.ts';
import { startCommand } from './start-command.ts';
import { hostsFor } from './targets.ts';

const Hash = v.pipe(v.string(), v.maxLength(256));

const Parameters = v.strictObject({
  DocumentName: v.string(),
  DocumentVersion: v.optional(v.pipe(v.string(), v.regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/))),
  DocumentHash: v.optional(Hash),
  DocumentHashType: v.optional(v.picklist(['Sha256', 'Sha1'])),
  InstanceIds: v.optional(v.pipe(v.array(v.string()), v.maxLength(50)), []),
  Targets: v.optional(Targets, []),
  TimeoutSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(30), v.maxValue(2_592_000)), 3600),
  Comment: v.optional(v.pipe(v.string(), v.maxLength(100)), ''),
  Parameters: v.optional(v.record(v.string(), v.array(v.string())), {}),
  MaxConcurrency: v.optional(Rate, '50'),
  MaxErrors: v.optional(ErrorRate, '0'),
});
type Request = v.InferOutput<typeof Parameters>;

/** SendCommand [doc and model]: answers at once; the command runs on. */
export async function sendCommand(world: SsmWorld, call: ApiCall): Promise<object> {
  const request = parseInput(Parameters, call.parameters);
  const document = findDocument(world, request.DocumentName);
  const targets = chooseHosts(world, request);
  authorizeSsm(call.caller, 'SendCommand', arn.document(world.account, document.name));
  for (const host of targets) authorizeSsmOnHost(world, call.caller, 'SendCommand', host);
  const version = findVersion(document, request.DocumentVersion);
  refuseOtherHash(version, request);
  refuseBadParameters(version, request.Parameters);

  const command = startCommand(world, {
    documentName: document.name,
    documentVersion: version,
    versionAsked: request.DocumentVersion ?? '$DEFAULT',
    parameters: request.Parameters,
    comment: request.Comment,
    instanceIds: request.InstanceIds,
    targets: request.Targets,
    timeoutSeconds: request.TimeoutSeconds,
    maxConcurrency: request.MaxConcurrency,
    maxErrors: request.MaxErrors,
    hosts: targets,
  });
  return { Command: describeCommand(command) };
}

function chooseHosts(world: SsmWorld, { InstanceIds, Targets }: Request): readonly ManagedHost[] {
  if (InstanceIds.length === 0 && Targets.length === 0) {
    throw new ApiError('InvalidInstanceId', 'No instance ids or targets were given.');
  }
  if (InstanceIds.length > 0 && Targets.length > 0) {
    throw new ApiError('ValidationException', 'Instance ids and targets cannot be given together.');
  }
  if (Targets.length > 0) return hostsFor(world, Targets);
  return [...new Set(InstanceIds)].map((id) => {
    const host = world.hosts.get(id);
    if (host === undefined)
      throw new ApiError(
        'InvalidInstanceId',
        `Instances [[${id}]] not in a valid state for account ${world.account.id}`,
      );
    return host;
  });
}

function refuseOtherHash(version: DocumentVersion, { DocumentHash, DocumentHashType }: Request): void {
  if (DocumentHash === undefined) return;
  if (DocumentHashType === 'Sha1') throw new ApiError('ValidationException', 'Sha1 hashes have been deprecated.');
  if (DocumentHash !== version.hash) {
    throw new ApiError('InvalidDocument', 'The document hash given does not match the hash of the document.');
  }
}

/** Against the document's definitions; message texts are the lab's own. */
export function refuseBadParameters(
  version: DocumentVersion,
  given: Readonly<Record<string, readonly string[]>>,
): void {
  const { parameters } = version.document;
  for (const [name, values] of Object.entries(given)) {
    const definition = parameters[name];
    if (definition === undefined)
      throw new ApiError('InvalidParameters', `Parameter "${name}" is not defined in the document.`);
    const wrong = refusalOf(name, definition, values);
    if (wrong !== undefined) throw new ApiError('InvalidParameters', wrong);
  }
  for (const [name, definition] of Object.entries(parameters)) {
    if (definition.default === undefined && given[name] === undefined) {
      throw new ApiError('InvalidParameters', `Parameter "${name}" requires a value.`);
    }
  }
}
