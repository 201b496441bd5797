import * as v from 'valibot';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { current, findAssociation } from './associations.ts';
import { authorizeSsm } from './authorize.ts';
import { isUnderWay, statusOf } from './command.ts';
import { parseInput, present, seconds } from './json-protocol.ts';
import type { Association, Command, Invocation, SsmWorld } from './model.ts';
import { paging, ssmPage } from './paging.ts';

/** DescribeAssociation, ListAssociations, and the executions with their targets [doc and model]. */

const Describe = v.strictObject({ AssociationId: v.string() });

export async function describeAssociation(world: SsmWorld, call: ApiCall): Promise<object> {
  const { AssociationId } = parseInput(Describe, call.parameters);
  return { AssociationDescription: describe(findAssociation(world, call, 'DescribeAssociation', AssociationId)) };
}

const List = v.strictObject({
  AssociationFilterList: v.optional(
    v.array(
      v.strictObject({
        key: v.picklist(['Name', 'AssociationName', 'AssociationId'], 'is not a filter that the lab implements'),
        value: v.pipe(v.string(), v.minLength(1)),
      }),
    ),
    [],
  ),
  ...paging(1, 50),
});

export async function listAssociations(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(List, call.parameters);
  authorizeSsm(call.caller, 'ListAssociations', '*');
  const told = [...world.associations.values()].map(describe);
  const found = told.filter((each) => input.AssociationFilterList.every(({ key, value }) => each[key] === value));
  const page = ssmPage(found, ({ AssociationId }) => String(AssociationId), input);
  const inList = (each: Told) => present(Object.fromEntries(IN_A_LIST.map((name) => [name, each[name]])));
  return present({ Associations: page.items.map(inList), NextToken: page.nextToken });
}

/** What a list tells of an association [model: Association]. */
const IN_A_LIST = [
  'Name',
  'AssociationId',
  'AssociationVersion',
  'DocumentVersion',
  'Targets',
  'LastExecutionDate',
  'Overview',
  'ScheduleExpression',
  'AssociationName',
  'ScheduleOffset',
  'Duration',
] as const;

const DescribeExecutions = v.strictObject({ AssociationId: v.string(), ...paging(1, 50) });

/** The newest first. */
export async function describeAssociationExecutions(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(DescribeExecutions, call.parameters);
  const association = findAssociation(world, call, 'DescribeAssociationExecutions', input.AssociationId);
  const page = ssmPage(association.executions.toReversed(), ({ command }) => command.commandId, input);
  return present({
    AssociationExecutions: page.items.map(({ command, version }) => ({
      AssociationId: association.associationId,
      AssociationVersion: String(version),
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
  const association = findAssociation(world, call, 'DescribeAssociationExecutionTargets', input.AssociationId);
  const execution = association.executions.find(({ command }) => command.commandId === input.ExecutionId);
  if (execution === undefined) {
    throw new ApiError('AssociationExecutionDoesNotExist', `The execution ${input.ExecutionId} does not exist.`);
  }
  const { command, version } = execution;
  const page = ssmPage([...command.invocations.values()], ({ target }) => target.host.instanceId, input);
  return present({
    AssociationExecutionTargets: page.items.map((invocation) => ({
      AssociationId: association.associationId,
      AssociationVersion: String(version),
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

type Told = ReturnType<typeof describe>;

/** As CreateAssociation, UpdateAssociation and DescribeAssociation answer it. */
export function describe(association: Association) {
  const { associationId, createdAt, executions } = association;
  const { settings, number, madeAt } = current(association);
  const last = executions.at(-1)?.command;
  return present({
    ...settings,
    AssociationId: associationId,
    AssociationVersion: String(number),
    Date: seconds(createdAt),
    LastUpdateAssociationDate: seconds(madeAt),
    LastExecutionDate: last === undefined ? undefined : seconds(last.requestedAt),
    Overview: {
      Status: last === undefined ? 'Pending' : executionStatus(last),
      DetailedStatus: last === undefined ? 'Associated' : executionStatus(last),
      AssociationStatusAggregatedCount: last === undefined ? undefined : Object.fromEntries(countByStatus(last)),
    },
  });
}
