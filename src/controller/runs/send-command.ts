import { RunError } from '../../shared/errors.ts';
import { TAG } from '../../shared/tags.ts';
import type { EmitFleet } from '../events.ts';
import type { Clock, CommandHistoryRange, CommandRequest, Commands } from '../ports.ts';
import { sameScope } from '../targets/scope.ts';

/** ListCommands may lag behind SendCommand: it is asked this often, this far apart, before we decide. */
const LOOKS = 5;
const LOOK_EVERY_MS = 3_000;

/**
 * Sends a command once and answers its id. SendCommand has no idempotency token, so after an answer that does not
 * say what happened the command is looked for by its run id and targets; it is never sent a second time.
 * `known`: commands that were there before. Throws `outcome-unknown` where it is not found.
 */
export async function sendOnce(
  request: CommandRequest,
  known: ReadonlySet<string>,
  window: CommandHistoryRange,
  commands: Commands,
  clock: Clock,
  emit: EmitFleet,
): Promise<string> {
  const answer = await commands.send(request);
  const commandId = answer.kind === 'sent' ? answer.commandId : await look(answer.message);
  emit({ type: 'command-sent', commandId, hosts: request.scope.by === 'ids' ? request.scope.ids.length : undefined });
  return commandId;

  async function look(message: string): Promise<string> {
    emit({ type: 'send-unclear', message });
    const run = request.parameters['RunId'];
    for (let looked = 0; looked < LOOKS; looked++) {
      await clock.sleep(LOOK_EVERY_MS);
      const sent = await commands.sentIn(window);
      const found = sent.find(
        ({ commandId, parameters, scope }) =>
          !known.has(commandId) && parameters['RunId'] === run && sameScope(scope, request.scope),
      );
      if (found !== undefined) return found.commandId;
    }
    throw new RunError('outcome-unknown', `Systems Manager did not say whether it took the command (${message})`, {
      hint: `Look for run ${run} in the command history, and for snapshots with the tag ${TAG.run}=${run}, before you run again.`,
    });
  }
}
