import {
  CancelCommandCommand,
  type Command,
  type CommandInvocation,
  ListCommandsCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
  type Target,
} from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { InstanceId } from '../../shared/ids.ts';
import type { Scope, TagTarget } from '../fleet/scope.ts';
import type { Clock, CommandRequest, Commands, Invocation } from '../ports.ts';
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
          const { Command } = await ssmOnce.send(sendCommand(request));
          if (Command?.CommandId !== undefined) return { kind: 'sent', commandId: Command.CommandId };
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
        const found: Command[] = [];
        for await (const page of paginateListCommands({ client: ssmPatient, pageSize: 50 }, { Filters: filters })) {
          found.push(...(page.Commands ?? []));
        }
        return found.flatMap((command) => {
          const commandId = command.CommandId;
          return commandId === undefined
            ? []
            : { commandId, runId: command.Parameters?.['RunId']?.[0], scope: scopeOf(command) };
        });
      });
    },

    progress(commandId) {
      return asking('ssm:ListCommands', async () => {
        const { Commands } = await ssmPatient.send(new ListCommandsCommand({ CommandId: commandId }));
        const command = Commands?.[0];
        if (command === undefined) return undefined;
        const status = command.Status ?? 'Pending';
        return {
          status,
          ended: ENDED.has(status),
          targets: command.TargetCount ?? 0,
          completed: command.CompletedCount ?? 0,
          errors: command.ErrorCount ?? 0,
        };
      });
    },

    invocations(commandId) {
      return asking('ssm:ListCommandInvocations', async () => {
        const found: Invocation[] = [];
        const pages = paginateListCommandInvocations(
          { client: ssmPatient, pageSize: 50 },
          { CommandId: commandId, Details: true },
        );
        for await (const page of pages) found.push(...(page.CommandInvocations ?? []).map(invocation));
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

function scopeOf(command: Command): Scope {
  const ids = command.InstanceIds ?? [];
  if (ids.length > 0) return { by: 'ids', ids: ids.map((id) => v.parse(InstanceId, id)) };
  return {
    by: 'tags',
    tags: (command.Targets ?? []).map(({ Key, Values }) => ({
      key: (Key ?? '').replace(/^tag:/, ''),
      values: Values ?? [],
    })),
  };
}

function invocation(raw: CommandInvocation): Invocation {
  const plugin = raw.CommandPlugins?.[0];
  const status = raw.Status ?? 'Pending';
  const exitStatus = plugin?.ResponseCode;
  return {
    instanceId: raw.InstanceId ?? '',
    status: raw.StatusDetails ?? status,
    ended: ENDED.has(status),
    began: plugin?.ResponseStartDateTime !== undefined,
    // -1 where the script never ended by itself.
    exitStatus: exitStatus === undefined || exitStatus < 0 ? undefined : exitStatus,
    output: plugin?.Output ?? '',
  };
}
