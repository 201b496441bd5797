import { stateOf } from './command.ts';
import { seconds } from './json-protocol.ts';
import type { Command } from './model.ts';

/** A command as SendCommand and ListCommands answer it. */
export function describeCommand(command: Command): object {
  const { status, detail, targets, completed, errors, deliveryTimedOut } = stateOf(command);
  return {
    CommandId: command.commandId,
    DocumentName: command.documentName,
    DocumentVersion: command.versionAsked,
    Comment: command.comment,
    ExpiresAfter: seconds(command.requestedAt + command.timeoutSeconds * 1000),
    Parameters: command.parameters,
    InstanceIds: command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: seconds(command.requestedAt),
    Status: status,
    StatusDetails: detail,
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: targets,
    CompletedCount: completed,
    ErrorCount: errors,
    DeliveryTimedOutCount: deliveryTimedOut,
    TimeoutSeconds: command.timeoutSeconds,
  };
}
