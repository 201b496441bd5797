import { RunError } from '../../../shared/errors.ts';
import { poll } from '../../../shared/poll.ts';
import { TAG } from '../../../shared/tags.ts';
import type { CommandRequest, SentCommand } from '../../ports.ts';
import { sameScope } from '../../targets/scope.ts';
import type { FleetRun } from '../fleet-run.ts';

/** ListCommands may lag behind SendCommand: it is asked this often, this far apart, before the command counts as lost. */
const LOOK_UP = { firstMs: 3_000, times: 5 } as const;

/**
 * Sends a command once, notes its id in the evidence of the run, and returns it. SendCommand has no idempotency token, so
 * after an answer that does not say what happened the command is looked up by its run id and targets; it is never sent a
 * second time. Throws RunError `outcome-unknown` where it is not found.
 */
export async function sendCommand(request: CommandRequest, run: FleetRun): Promise<string> {
  const answer = await run.ports.commands.send(request);
  const commandId = answer.kind === 'sent' ? answer.commandId : await findUnclear(request, answer.message, run);
  const hosts = request.scope.by === 'ids' ? request.scope.ids.length : undefined;
  run.evidence.commandIds.add(commandId);
  run.emit({ type: 'command-sent', commandId, hosts });
  return commandId;
}

async function findUnclear(request: CommandRequest, message: string, run: FleetRun): Promise<string> {
  const { ports, earlier, evidence, emit } = run;
  emit({ type: 'send-unclear', message });
  const id = request.parameters['RunId'];
  const isIt = ({ commandId, parameters, scope }: SentCommand) =>
    !evidence.commandIds.has(commandId) && parameters['RunId'] === id && sameScope(scope, request.scope);
  await ports.clock.sleep(LOOK_UP.firstMs);
  const found = await poll(ports.clock, LOOK_UP, async () => (await ports.commands.sentIn(earlier.range)).find(isIt));
  if (found !== undefined) return found.commandId;
  throw new RunError('outcome-unknown', `Systems Manager did not say whether it took the command (${message})`, {
    hint: `Look for run ${id} in the command history, and for snapshots with the tag ${TAG.run}=${id}, before you run again.`,
  });
}
