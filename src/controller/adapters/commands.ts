import {
  CancelCommandCommand,
  ListCommandsCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
  type Target,
} from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import { understood } from '../../shared/understood.ts';
import type { Scope, TagTarget } from '../fleet/scope.ts';
import type { Clock, CommandRequest, Commands, Invocation, SentCommand } from '../ports.ts';
import { asking, fromAws, isAmbiguous, isThrottled } from './aws-errors.ts';
import type { Clients } from './clients.ts';

/** A throttled SendCommand was not carried out, so it may be asked again: this often, with these pauses (times 2). */
const THROTTLED = { tries: 6, firstPauseMs: 500 } as const;
const ENDED = new Set(['Success', 'Cancelled', 'Failed', 'TimedOut']);

export function commands({ ssmPatient, ssmOnce }: Clients, clock: Clock): Commands {
  return {
    async send(request) {
      for (let tried = 1; ; tried++) {
        try {
          const answer = v.safeParse(Sent, await ssmOnce.send(sendCommand(request)));
          if (answer.success) return { kind: 'sent', commandId: answer.output.Command.CommandId };
          return { kind: 'unknown', message: 'the answer holds no command id' };
        } catch (thrown) {
          const error = fromAws(thrown, 'ssm:SendCommand');
          if (isAmbiguous(thrown)) return { kind: 'unknown', message: error.message };
          if (!isThrottled(thrown) || tried === THROTTLED.tries) throw error;
          await clock.sleep(THROTTLED.firstPauseMs * 2 ** (tried - 1));
        }
      }
    },

    sentSince(documentName, since) {
      return asking('ssm:ListCommands', async () => {
        const filters = [
          { key: 'InvokedAfter' as const, value: since.toISOString().replace(/\.\d+/, '') },
          { key: 'DocumentName' as const, value: documentName },
        ];
        const found: SentCommand[] = [];
        for await (const page of paginateListCommands({ client: ssmPatient, pageSize: 50 }, { Filters: filters })) {
          for (const command of understood('ssm:ListCommands', Listed, page).Commands) {
            const { CommandId: commandId, Parameters } = command;
            found.push({ commandId, runId: Parameters['RunId']?.[0], scope: scopeOf(command) });
          }
        }
        return found;
      });
    },

    progress(commandId) {
      return asking('ssm:ListCommands', async () => {
        const answer = await ssmPatient.send(new ListCommandsCommand({ CommandId: commandId }));
        const [command] = understood('ssm:ListCommands', Listed, answer).Commands;
        if (command === undefined) return undefined;
        const { Status: status, TargetCount: targets, CompletedCount: completed, ErrorCount: errors } = command;
        return { status, ended: ENDED.has(status), targets, completed, errors };
      });
    },

    invocations(commandId) {
      return asking('ssm:ListCommandInvocations', async () => {
        const found: Invocation[] = [];
        const pages = paginateListCommandInvocations(
          { client: ssmPatient, pageSize: 50 },
          { CommandId: commandId, Details: true },
        );
        for await (const page of pages)
          found.push(...understood('ssm:ListCommandInvocations', Invoked, page).CommandInvocations.map(invocation));
        return found;
      });
    },

    cancel(commandId) {
      return asking('ssm:CancelCommand', async () => {
        await ssmPatient.send(new CancelCommandCommand({ CommandId: commandId }));
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

const Count = v.optional(v.pipe(v.number(), v.safeInteger()), 0);
const Command = v.object({
  CommandId: v.pipe(v.string(), v.uuid()),
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
  InstanceId,
  Status: v.optional(v.string(), 'Pending'),
  StatusDetails: v.optional(v.string()),
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

function scopeOf({ InstanceIds: ids, Targets: targets }: v.InferOutput<typeof Command>): Scope {
  if (ids.length > 0) return { by: 'ids', ids };
  return { by: 'tags', tags: targets.map(({ Key, Values }) => ({ key: Key.replace(/^tag:/, ''), values: Values })) };
}

function invocation({
  InstanceId: instanceId,
  Status: status,
  StatusDetails: details,
  CommandPlugins: [plugin],
}: v.InferOutput<typeof CommandInvocation>): Invocation {
  const exitStatus = plugin?.ResponseCode;
  return {
    instanceId,
    status: details ?? status,
    ended: ENDED.has(status),
    began: plugin?.ResponseStartDateTime !== undefined,
    // -1 where the script never ended by itself.
    exitStatus: exitStatus === undefined || exitStatus < 0 ? undefined : exitStatus,
    output: plugin?.Output ?? '',
  };
}
