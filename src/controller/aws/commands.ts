import {
  CancelCommandCommand,
  type CommandFilter,
  type ListCommandInvocationsCommandInput,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
  type Target,
} from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import { parseResponse } from '../../shared/parse-response.ts';
import type {
  Clock,
  CommandHistoryRange,
  CommandProgress,
  CommandRequest,
  Commands,
  Invocation,
  Scope,
  SentCommand,
  TagTarget,
} from '../ports.ts';
import { asking, pagesOf } from './aws-errors.ts';
import { callOnce } from './call-once.ts';
import type { Clients } from './clients.ts';

/** What ListCommands and ListCommandInvocations give at a time [API model]. */
const PAGE = 50;
const ENDED = new Set(['Success', 'Cancelled', 'Failed', 'TimedOut']);

/**
 * Returns the port to Run Command. SendCommand is sent once (`callOnce`), everything else is retried. Of a command's plugins
 * the first one is read: the documents have one step. Throws what `fromAws` returns.
 */
export function commands({ ssmRetrying: client, ssmNoRetry }: Clients, clock: Clock): Commands {
  async function* listed(choice: CommandHistoryRange | { readonly CommandId: string | undefined }) {
    const request = 'since' in choice ? { Filters: windowFilters(choice) } : choice;
    for await (const page of pagesOf('ssm:ListCommands', paginateListCommands({ client, pageSize: PAGE }, request)))
      yield* parseResponse('ssm:ListCommands', Listed, page).Commands;
  }

  async function* invoked(choice: Pick<ListCommandInvocationsCommandInput, 'CommandId' | 'Filters'>) {
    const pages = paginateListCommandInvocations({ client, pageSize: PAGE }, { ...choice, Details: true });
    for await (const page of pagesOf('ssm:ListCommandInvocations', pages))
      yield* parseResponse('ssm:ListCommandInvocations', Invoked, page).CommandInvocations.map(invocation);
  }

  return {
    async send(request) {
      const asked = await callOnce('ssm:SendCommand', clock, () => ssmNoRetry.send(sendCommand(request)));
      if (asked.kind === 'unknown') return asked;
      const answer = v.safeParse(Sent, asked.answer);
      if (answer.success) return { kind: 'sent', commandId: answer.output.Command.CommandId };
      return { kind: 'unknown', message: 'the answer holds no command id' };
    },

    async sentIn(window) {
      const found: SentCommand[] = [];
      for await (const command of listed(window)) {
        const parameters = Object.entries(command.Parameters).map(([name, values]) => [name, values.join(',')]);
        found.push({
          commandId: command.CommandId,
          sentAt: command.RequestedDateTime,
          parameters: Object.fromEntries(parameters),
          scope: scopeOf(command),
        });
      }
      return found;
    },

    async progress(commandIds, window) {
      const [only, ...more] = commandIds;
      const missing = new Set(commandIds);
      const found = new Map<string, CommandProgress>();
      for await (const command of listed(more.length === 0 ? { CommandId: only } : window)) {
        if (!missing.delete(command.CommandId)) continue;
        found.set(command.CommandId, progressOf(command));
        if (missing.size === 0) break;
      }
      return found;
    },

    async invocations(commandId) {
      const found: Invocation[] = [];
      for await (const each of invoked({ CommandId: commandId })) found.push(each);
      return found;
    },

    async invocationsIn(statuses, commandIds, window) {
      const [only, ...more] = commandIds;
      const ours = new Set(commandIds);
      const found = new Map<string, Invocation>();
      for (const value of statuses) {
        const status = { key: 'Status' as const, value };
        const choice =
          more.length === 0 ? { CommandId: only, Filters: [status] } : { Filters: [...windowFilters(window), status] };
        for await (const each of invoked(choice)) {
          if (ours.has(each.commandId)) found.set(`${each.commandId} ${each.instanceId}`, each);
        }
      }
      return [...found.values()];
    },

    cancel(commandId) {
      return asking('ssm:CancelCommand', async () => {
        await client.send(new CancelCommandCommand({ CommandId: commandId }));
      });
    },
  };
}

function sendCommand(request: CommandRequest): SendCommandCommand {
  const { document, scope } = request;
  return new SendCommandCommand({
    DocumentName: document.name,
    DocumentVersion: document.version,
    DocumentHash: document.sha256,
    DocumentHashType: 'Sha256',
    ...(scope.by === 'ids' ? { InstanceIds: [...scope.ids] } : { Targets: scope.tags.map(ssmTarget) }),
    Parameters: Object.fromEntries(Object.entries(request.parameters).map(([name, value]) => [name, [value]])),
    Comment: request.comment,
    MaxErrors: request.maxErrors,
    ...(request.maxConcurrency === undefined ? {} : { MaxConcurrency: request.maxConcurrency }),
    TimeoutSeconds: request.deliverySeconds,
  });
}

const ssmTarget = ({ key, values }: TagTarget): Target => ({ Key: `tag:${key}`, Values: [...values] });

const windowFilters = ({ documentName, since }: CommandHistoryRange): CommandFilter[] => [
  { key: 'InvokedAfter', value: since.toISOString().replace(/\.\d+/, '') },
  { key: 'DocumentName', value: documentName },
];

const Count = v.optional(v.pipe(v.number(), v.safeInteger()), 0);
const Command = v.object({
  CommandId: v.pipe(v.string(), v.uuid()),
  RequestedDateTime: v.optional(v.date(), () => new Date(0)),
  Status: v.optional(v.string(), 'Pending'),
  InstanceIds: v.optional(v.array(InstanceId), []),
  Targets: v.optional(v.array(v.object({ Key: v.string(), Values: v.optional(v.array(v.string()), []) })), []),
  Parameters: v.optional(v.record(v.string(), v.array(v.string())), {}),
  TargetCount: Count,
  CompletedCount: Count,
  ErrorCount: Count,
});
const Sent = v.object({ Command: v.object({ CommandId: v.pipe(v.string(), v.uuid()) }) });
const Listed = v.object({ Commands: v.array(Command) });

const CommandInvocation = v.object({
  CommandId: v.optional(v.string(), ''),
  InstanceId,
  Status: v.optional(v.string(), 'Pending'),
  StatusDetails: v.optional(v.string()),
  RequestedDateTime: v.optional(v.date(), () => new Date(0)),
  CommandPlugins: v.optional(
    v.array(
      v.object({
        ResponseCode: v.optional(v.pipe(v.number(), v.safeInteger())),
        ResponseStartDateTime: v.optional(v.date()),
        Output: v.optional(v.string(), ''),
      }),
    ),
    [],
  ),
});
const Invoked = v.object({ CommandInvocations: v.array(CommandInvocation) });

function progressOf(command: v.InferOutput<typeof Command>): CommandProgress {
  const { Status: status, TargetCount: targets, CompletedCount: completed, ErrorCount: errors } = command;
  return { status, ended: ENDED.has(status), targets, completed, errors };
}

function scopeOf({ InstanceIds: ids, Targets: targets }: v.InferOutput<typeof Command>): Scope {
  if (ids.length > 0) return { by: 'ids', ids };
  return { by: 'tags', tags: targets.map(({ Key, Values }) => ({ key: Key.replace(/^tag:/, ''), values: Values })) };
}

function invocation({
  CommandId: commandId,
  InstanceId: instanceId,
  Status: status,
  StatusDetails: details,
  RequestedDateTime: requestedAt,
  CommandPlugins: [plugin],
}: v.InferOutput<typeof CommandInvocation>): Invocation {
  const exitStatus = plugin?.ResponseCode;
  return {
    commandId,
    instanceId,
    status: details ?? status,
    ended: ENDED.has(status),
    began: plugin?.ResponseStartDateTime !== undefined,
    since: plugin?.ResponseStartDateTime ?? requestedAt,
    // -1 where the script never ended by itself.
    exitStatus: exitStatus === undefined || exitStatus < 0 ? undefined : exitStatus,
    output: plugin?.Output ?? '',
  };
}
