import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { arn } from '../account.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { type Command, type Invocation, isUnderWay, statusOf } from './command.ts';
import { findDocument, findVersion } from './document-store.ts';
import { parseInput, present, seconds } from './json-protocol.ts';
import { paging, ssmPage } from './paging.ts';
import { ErrorRate, Rate, refuseBadParameters } from './send-command.ts';
import { authorizeSsm, type ManagedHost, type SsmWorld } from './ssm-world.ts';
import { startCommand } from './start-command.ts';
import { hostsFor, Targets } from './targets.ts';

/**
 * State Manager, as far as a document's run from an association can be shown: at its creation, when a
 * target appears, and on order. No schedule fires [doc and model: CreateAssociation …].
 */
export interface Association {
  readonly associationId: string;
  readonly input: v.InferOutput<typeof Create>;
  readonly createdAt: number;
  /** Each is one command; the newest last. */
  readonly executions: Command[];
}

const Create = v.strictObject({
  Name: v.string(),
  DocumentVersion: v.optional(v.pipe(v.string(), v.regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/)), '$DEFAULT'),
  Targets: v.pipe(Targets, v.minLength(1)),
  Parameters: v.optional(v.record(v.string(), v.array(v.string())), {}),
  AssociationName: v.optional(v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_\-.]{3,128}$/))),
  ScheduleExpression: v.optional(v.pipe(v.string(), v.regex(/^(rate|cron|at)\(.+\)$/, 'is not a schedule expression'))),
  ApplyOnlyAtCronInterval: v.optional(v.boolean(), false),
  MaxConcurrency: v.optional(Rate, '100%'),
  MaxErrors: v.optional(ErrorRate, '100%'),
  ComplianceSeverity: v.optional(v.picklist(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNSPECIFIED'])),
});

export async function createAssociation(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Create, call.parameters);
  authorizeSsm(call.caller, 'CreateAssociation', arn.document(world.account, input.Name));
  if (input.ApplyOnlyAtCronInterval && input.ScheduleExpression?.startsWith('rate(') !== false) {
    throw new ApiError('ValidationException', 'ApplyOnlyAtCronInterval needs a cron expression.');
  }
  refuseBadParameters(findVersion(findDocument(world, input.Name), input.DocumentVersion), input.Parameters);
  const association: Association = { associationId: randomUUID(), input, createdAt: world.now(), executions: [] };
  world.associations.set(association.associationId, association);
  if (!input.ApplyOnlyAtCronInterval) apply(world, association, hostsFor(world, input.Targets));
  return { AssociationDescription: describe(association) };
}

/** A host that registers is given the associations that target it. */
export function applyToNewHost(world: SsmWorld, host: ManagedHost): void {
  for (const association of world.associations.values()) {
    const { ApplyOnlyAtCronInterval, Targets: targets } = association.input;
    if (!ApplyOnlyAtCronInterval && hostsFor(world, targets).includes(host)) apply(world, association, [host]);
  }
}

const StartOnce = v.strictObject({ AssociationIds: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(10)) });

export async function startAssociationsOnce(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(StartOnce, call.parameters);
  const associations = input.AssociationIds.map((id) => find(world, call, 'StartAssociationsOnce', id));
  for (const association of associations) apply(world, association, hostsFor(world, association.input.Targets));
  return {};
}

const Describe = v.strictObject({ AssociationId: v.string() });

export async function describeAssociation(world: SsmWorld, call: ApiCall): Promise<object> {
  const { AssociationId } = parseInput(Describe, call.parameters);
  return { AssociationDescription: describe(find(world, call, 'DescribeAssociation', AssociationId)) };
}

const DescribeExecutions = v.strictObject({ AssociationId: v.string(), ...paging(1, 50) });

/** The newest first. */
export async function describeAssociationExecutions(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(DescribeExecutions, call.parameters);
  const association = find(world, call, 'DescribeAssociationExecutions', input.AssociationId);
  const page = ssmPage(association.executions.toReversed(), ({ commandId }) => commandId, input);
  return present({
    AssociationExecutions: page.items.map((command) => ({
      AssociationId: association.associationId,
      AssociationVersion: '1',
      ExecutionId: command.commandId,
      Status: executionStatus(command),
      DetailedStatus: executionStatus(command),
      CreatedTime: seconds(command.requestedAt),
      LastExecutionDate: seconds(command.requestedAt),
      ResourceCountByStatus: `{${[...countByStatus(command)].map(([status, count]) => `${status}=${count}`).join(', ')}}`,
    })),
    NextToken: page.nextToken,
  });
}

const DescribeTargets = v.strictObject({ AssociationId: v.string(), ExecutionId: v.string(), ...paging(1, 50) });

/** The output source is the command that ran: its output is read as any command's. */
export async function describeAssociationExecutionTargets(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(DescribeTargets, call.parameters);
  const association = find(world, call, 'DescribeAssociationExecutionTargets', input.AssociationId);
  const command = association.executions.find(({ commandId }) => commandId === input.ExecutionId);
  if (command === undefined) {
    throw new ApiError('AssociationExecutionDoesNotExist', `The execution ${input.ExecutionId} does not exist.`);
  }
  const page = ssmPage([...command.invocations.values()], ({ target }) => target.host.instanceId, input);
  return present({
    AssociationExecutionTargets: page.items.map((invocation) => ({
      AssociationId: association.associationId,
      AssociationVersion: '1',
      ExecutionId: command.commandId,
      ResourceId: invocation.target.host.instanceId,
      ResourceType: 'ManagedInstance',
      Status: targetStatus(invocation),
      DetailedStatus: targetStatus(invocation),
      LastExecutionDate: seconds(invocation.requestedAt),
      OutputSource: { OutputSourceId: command.commandId, OutputSourceType: 'RunCommand' },
    })),
    NextToken: page.nextToken,
  });
}

function find(world: SsmWorld, call: ApiCall, action: string, id: string): Association {
  authorizeSsm(call.caller, action, arn.association(world.account, id));
  const found = world.associations.get(id);
  if (found === undefined) throw new ApiError('AssociationDoesNotExist', `The association ${id} does not exist.`);
  return found;
}

function apply(world: SsmWorld, association: Association, hosts: readonly ManagedHost[]): void {
  if (hosts.length === 0) return;
  const { input } = association;
  const document = findDocument(world, input.Name);
  const command = startCommand(world, {
    documentName: document.name,
    documentVersion: findVersion(document, input.DocumentVersion),
    versionAsked: input.DocumentVersion,
    parameters: input.Parameters,
    comment: '',
    instanceIds: [],
    targets: input.Targets,
    timeoutSeconds: 3600,
    maxConcurrency: input.MaxConcurrency,
    maxErrors: input.MaxErrors,
    hosts,
  });
  association.executions.push(command);
}

const targetStatus = (invocation: Invocation): string => {
  const status = statusOf(invocation);
  return status === 'Success' || status === 'Failed' || status === 'TimedOut'
    ? status
    : isUnderWay(invocation)
      ? 'Pending'
      : 'Failed';
};

function countByStatus({ invocations }: Command): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const invocation of invocations.values()) {
    counts.set(targetStatus(invocation), (counts.get(targetStatus(invocation)) ?? 0) + 1);
  }
  return counts;
}

function executionStatus(command: Command): string {
  const statuses = countByStatus(command);
  return ['Pending', 'Failed', 'TimedOut'].find((status) => statuses.has(status)) ?? 'Success';
}

function describe(association: Association): object {
  const { associationId, input, createdAt, executions } = association;
  const last = executions.at(-1);
  return present({
    ...input,
    AssociationId: associationId,
    AssociationVersion: '1',
    Date: seconds(createdAt),
    LastUpdateAssociationDate: seconds(createdAt),
    LastExecutionDate: last === undefined ? undefined : seconds(last.requestedAt),
    Overview: {
      Status: last === undefined ? 'Pending' : executionStatus(last),
      DetailedStatus: last === undefined ? 'Associated' : executionStatus(last),
    },
  });
}
