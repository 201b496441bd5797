import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { limitOf } from './command.ts';
import { dispatchCommand } from './dispatch-command.ts';
import type { Command, Invocation, ManagedHost, SsmWorld } from './model.ts';

type Given =
  | 'documentName'
  | 'documentVersion'
  | 'versionAsked'
  | 'parameters'
  | 'comment'
  | 'instanceIds'
  | 'targets'
  | 'timeoutSeconds'
  | 'maxConcurrency'
  | 'maxErrors';

/** Sends a document to hosts, for Run Command and State Manager alike; the command runs on by itself. */
export function startCommand(
  world: SsmWorld,
  { hosts, ...given }: Pick<Command, Given> & { readonly hosts: readonly ManagedHost[] },
): Command {
  const requestedAt = world.now();
  const invocations = hosts.map((target): [string, Invocation] => [
    target.host.instanceId,
    { target, requestedAt, detail: 'Pending', steps: [], asked: 0 },
  ]);
  const cancel = new AbortController();
  // Every host at work listens to it.
  setMaxListeners(0, cancel.signal);
  const command: Command = {
    ...given,
    commandId: randomUUID(),
    requestedAt,
    invocations: new Map(invocations),
    cancel,
    errorsAllowed: limitOf(given.maxErrors, hosts.length, 0),
  };
  world.commands.set(command.commandId, command);
  world.track(dispatchCommand(world, command));
  return command;
}
