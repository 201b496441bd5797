import { detailOf, isError, limitOf } from './command.ts';
import type { Command, Invocation, SsmWorld } from './model.ts';

/** How often a waiting delivery looks whether the host is online again. */
const LOOK_MS = 50;

/**
 * Delivers a command to its targets, at most MaxConcurrency at a time; once more than MaxErrors have
 * failed, the rest is terminated. The service's ramp (1, 2, 4 … hosts) is left out.
 */
export async function dispatchCommand(world: SsmWorld, command: Command): Promise<void> {
  const waiting = [...command.invocations.values()];
  let errors = 0;
  let next = 0;

  const worker = async () => {
    for (let invocation = waiting[next++]; invocation !== undefined; invocation = waiting[next++]) {
      if (errors > command.errorsAllowed) end(world, invocation, 'Terminated');
      else await execute(world, command, invocation);
      if (isError(invocation)) errors += 1;
    }
  };
  const workers = Math.min(limitOf(command.maxConcurrency, waiting.length, 1), waiting.length);
  await Promise.all(Array.from({ length: workers }, worker));
}

async function execute(world: SsmWorld, command: Command, invocation: Invocation): Promise<void> {
  const refusal = world.behaviour.undelivered[invocation.target.host.instanceId];
  if (refusal !== undefined) return end(world, invocation, refusal);
  const { signal } = command.cancel;
  const { host, run } = invocation.target;
  const deadline = invocation.requestedAt + command.timeoutSeconds * 1000;
  while (world.behaviour.offline.includes(host.instanceId) && !signal.aborted) {
    invocation.detail = 'Delayed';
    if (world.now() >= deadline) return end(world, invocation, 'DeliveryTimedOut');
    await world.time.sleep(LOOK_MS);
  }
  if (signal.aborted) return end(world, invocation, 'Cancelled');

  invocation.detail = 'InProgress';
  invocation.startedAt = world.now();
  const { commandId, parameters, documentVersion } = command;
  const work = { commandId, parameters, content: documentVersion.content, region: world.account.region };
  invocation.steps = await run(host, work, signal);
  end(world, invocation, signal.aborted && invocation.steps.length === 0 ? 'Cancelled' : detailOf(invocation.steps));
}

function end(world: SsmWorld, invocation: Invocation, detail: Invocation['detail']): void {
  invocation.detail = detail;
  invocation.endedAt = world.now();
}
