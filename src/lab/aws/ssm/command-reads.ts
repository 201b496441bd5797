import * as v from 'valibot';
import type { StepResult } from '../../ssm-agent/run-document.ts';
import type { ApiCall } from '../api-call.ts';
import { ApiError } from '../api-error.ts';
import { authorizeSsm } from './authorize.ts';
import { isUnderWay, stateOf, statusOf } from './command.ts';
import { byFilters, COMMAND_STATUSES, filterBy, INVOCATION_STATUSES } from './command-filters.ts';
import { describeCommand } from './describe-command.ts';
import { parseInput, present, seconds } from './json-protocol.ts';
import type { Command, Invocation, SsmWorld } from './model.ts';
import { combinedOutput, STDERR_CHARACTERS, STDOUT_CHARACTERS } from './output-limits.ts';
import { paging, ssmPage } from './paging.ts';

/** ListCommands, ListCommandInvocations, GetCommandInvocation, CancelCommand [doc and model]. */

const list = (filter: ReturnType<typeof filterBy>) => ({
  CommandId: v.optional(v.string()),
  InstanceId: v.optional(v.string()),
  Filters: v.optional(v.pipe(v.array(filter), v.maxLength(5)), []),
  ...paging(1, 50),
});

const ListCommands = v.strictObject(list(filterBy(COMMAND_STATUSES)));

export async function listCommands(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(ListCommands, call.parameters);
  authorizeSsm(call.caller, 'ListCommands', '*');
  const wanted = byFilters(input.Filters, (command: Command) => ({ command, ...stateOf(command) }));
  const found = candidates(world, input.CommandId).filter(
    (command) => (input.InstanceId === undefined || command.invocations.has(input.InstanceId)) && wanted(command),
  );
  const page = ssmPage(found, ({ commandId }) => commandId, input);
  return present({ Commands: page.items.map(describeCommand), NextToken: page.nextToken });
}

const ListInvocations = v.strictObject({
  ...list(filterBy(INVOCATION_STATUSES)),
  Details: v.optional(v.boolean(), false),
});

export async function listCommandInvocations(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(ListInvocations, call.parameters);
  authorizeSsm(call.caller, 'ListCommandInvocations', '*');
  const all = candidates(world, input.CommandId).flatMap((command) =>
    invocationsOf(command, input.InstanceId).map((invocation) => ({ command, invocation })),
  );
  type Listed = (typeof all)[number];
  const found = all.filter(
    byFilters(input.Filters, ({ command, invocation }: Listed) => ({
      command,
      status: statusOf(invocation),
      detail: invocation.detail,
    })),
  );
  const idOf = ({ command, invocation }: Listed) => `${command.commandId} ${invocation.target.host.instanceId}`;
  const page = ssmPage(found, idOf, input);
  return present({
    CommandInvocations: page.items.map(({ command, invocation }) =>
      describeInvocation(command, invocation, input.Details),
    ),
    NextToken: page.nextToken,
  });
}

const Get = v.strictObject({ CommandId: v.string(), InstanceId: v.string(), PluginName: v.optional(v.string()) });

/** Eventually consistent: the first calls for an invocation miss it. */
export async function getCommandInvocation(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Get, call.parameters);
  authorizeSsm(call.caller, 'GetCommandInvocation', '*');
  const command = world.commands.get(input.CommandId);
  const invocation = command?.invocations.get(input.InstanceId);
  if (command === undefined || invocation === undefined || invocation.asked++ < world.behaviour.invocationMisses) {
    throw new ApiError('InvocationDoesNotExist', '');
  }
  const step = chooseStep(command, invocation, input.PluginName);
  return present({
    CommandId: command.commandId,
    InstanceId: input.InstanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.versionAsked,
    PluginName: step?.name ?? input.PluginName ?? command.documentVersion.document.mainSteps[0]?.name,
    ResponseCode: step?.exitCode ?? -1,
    ExecutionStartDateTime: isoTime(invocation.startedAt),
    ExecutionElapsedTime: step === undefined ? undefined : `PT${(step.endedAt - step.startedAt) / 1000}S`,
    ExecutionEndDateTime: isoTime(invocation.endedAt),
    Status: statusOf(invocation),
    StatusDetails: invocation.detail,
    StandardOutputContent: (step?.stdout ?? '').slice(0, STDOUT_CHARACTERS),
    StandardOutputUrl: '',
    StandardErrorContent: (step?.stderr ?? '').slice(0, STDERR_CHARACTERS),
    StandardErrorUrl: '',
  });
}

/** With one step it need not be named; with several it must. */
function chooseStep(command: Command, { steps }: Invocation, name: string | undefined): StepResult | undefined {
  const { mainSteps } = command.documentVersion.document;
  if (name === undefined) {
    if (mainSteps.length > 1) throw new ApiError('InvalidPluginName', 'The document has several steps: name one.');
    return steps[0];
  }
  if (!mainSteps.some((step) => step.name === name))
    throw new ApiError('InvalidPluginName', `The plugin name ${name} is not valid.`);
  return steps.find((step) => step.name === name);
}

const Cancel = v.strictObject({ CommandId: v.string(), InstanceIds: v.optional(v.array(v.string()), []) });

/** Cancels a command on all its targets; cancelling single targets is not implemented. */
export async function cancelCommand(world: SsmWorld, call: ApiCall): Promise<object> {
  const input = parseInput(Cancel, call.parameters);
  authorizeSsm(call.caller, 'CancelCommand', '*');
  const command = world.commands.get(input.CommandId);
  if (command === undefined) throw new ApiError('InvalidCommandId', `The command ${input.CommandId} does not exist.`);
  if (input.InstanceIds.some((id) => !command.invocations.has(id))) throw new ApiError('InvalidInstanceId', '');
  if (input.InstanceIds.length > 0 && input.InstanceIds.length < command.invocations.size) {
    throw new ApiError('ValidationException', 'the lab cancels a command on all its targets only');
  }
  for (const invocation of command.invocations.values()) {
    if (invocation.detail === 'InProgress') invocation.detail = 'Cancelling';
  }
  if ([...command.invocations.values()].some(isUnderWay)) command.cancel.abort();
  return {};
}

/** The newest first. */
function candidates({ commands }: SsmWorld, commandId: string | undefined): readonly Command[] {
  if (commandId === undefined) return [...commands.values()].reverse();
  if (!/^[0-9a-f-]{36}$/.test(commandId))
    throw new ApiError('InvalidCommandId', `The command id ${commandId} is not valid.`);
  const found = commands.get(commandId);
  return found === undefined ? [] : [found];
}

function invocationsOf(command: Command, instanceId: string | undefined): readonly Invocation[] {
  if (instanceId === undefined) return [...command.invocations.values()];
  const found = command.invocations.get(instanceId);
  return found === undefined ? [] : [found];
}

function describeInvocation(command: Command, invocation: Invocation, details: boolean): object {
  return {
    CommandId: command.commandId,
    InstanceId: invocation.target.host.instanceId,
    InstanceName: '',
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.versionAsked,
    RequestedDateTime: seconds(invocation.requestedAt),
    Status: statusOf(invocation),
    StatusDetails: invocation.detail,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: details ? invocation.steps.map(describeStep) : [],
  };
}

function describeStep(step: StepResult): object {
  return {
    Name: step.name,
    Status: step.status === 'Skipped' ? 'Success' : step.status,
    StatusDetails: step.status === 'TimedOut' ? 'ExecutionTimedOut' : step.status,
    ResponseCode: step.exitCode,
    ResponseStartDateTime: seconds(step.startedAt),
    ResponseFinishDateTime: seconds(step.endedAt),
    Output: combinedOutput(step.stdout, step.stderr),
    StandardOutputUrl: '',
    StandardErrorUrl: '',
  };
}

const isoTime = (time: number | undefined): string => (time === undefined ? '' : new Date(time).toISOString());
