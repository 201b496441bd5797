import { RunError } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import type { CommandRequest, FleetInstance, Invocation, Scope } from '../ports.ts';
import { hostsOf, shareOut } from './batches.ts';
import { commandsOf } from './find-earlier-commands.ts';
import { collect, type FleetRun, isDone, type Known, sayWhoIsLeftOut } from './fleet-run.ts';
import { type CarriedOut, carryOut, type Orders } from './follow-commands.ts';
import { type Fleet, partitionReachable, type UnreachableHost } from './reachable.ts';
import { whatIsLeft } from './resume-run.ts';
import { planWaves } from './waves.ts';

/** Wave by wave; nothing more is begun after one in which a host was not done. */
export async function runWaves(run: FleetRun, fleet: Fleet, earlier: Known): Promise<Known> {
  const { request, emit, cancel } = run;
  const { hosts, blocked } = await whatIsLeft(run, fleet, earlier);
  const { waves, leftOut: turnless } = planWaves(hosts, request.waves, blocked);
  sayWhoIsLeftOut(turnless, emit);
  const leftOut: UnreachableHost[] = [...turnless];
  const sent = new Set(run.before.sent.map(({ commandId }) => commandId));
  let invocations = earlier.invocations;
  let withSuccesses = earlier.withSuccesses;

  for (const [turn, planned] of waves.entries()) {
    if (cancel.aborted) break;
    if (turn > 0) await refuseConcurrentResume(run, sent);
    const { wave, gone } = turn === 0 ? { wave: planned, gone: [] } : await stillThere(run, fleet, planned);
    leftOut.push(...gone);
    if (wave.length === 0) continue;
    if (waves.length > 1) emit({ type: 'wave-started', wave: turn + 1, waves: waves.length, hosts: wave.length });
    // What a host said before stands until it is asked again.
    const again = new Set<string>(wave);
    invocations = invocations.filter(({ instanceId }) => !again.has(instanceId));

    const carried = await carryOutWave(run, fleet, wave, turn, sent);
    for (const id of carried.commandIds) sent.add(id);
    const collected = await collect(run, carried, request.operation === 'plan');
    invocations = [...invocations, ...collected.invocations];
    leftOut.push(...carried.unsent);
    withSuccesses &&= collected.withSuccesses;

    const rest = waves.slice(turn + 1).flat();
    const wholeWave = collected.withSuccesses ? wave : [];
    if (rest.length === 0 || isWell(run, wholeWave, collected.invocations, carried)) continue;
    emit({ type: 'halted', wave: turn + 1, waves: waves.length, hosts: rest.length });
    leftOut.push(...halted(fleet, rest, turn + 1, request.run));
    break;
  }
  return { invocations, withSuccesses, leftOut };
}

/** Whether nothing speaks against the next wave; each of `expected` has to have said that it is done. */
function isWell(
  run: FleetRun,
  expected: readonly InstanceId[],
  invocations: readonly Invocation[],
  { unsent }: CarriedOut,
): boolean {
  const heard = new Set<string>(invocations.map(({ instanceId }) => instanceId));
  return unsent.length === 0 && expected.every((id) => heard.has(id)) && invocations.every((each) => isDone(run, each));
}

async function carryOutWave(
  run: FleetRun,
  fleet: Fleet,
  wave: readonly InstanceId[],
  turn: number,
  known: ReadonlySet<string>,
): Promise<CarriedOut> {
  const { request, before, ports, emit, cancel, look } = run;
  // By tags, whoever comes back or appears meanwhile works as well: beside nobody of its cluster where waves are asked for.
  const byTags =
    request.scope.by === 'tags' &&
    request.waves === undefined &&
    request.begins !== 'resume' &&
    wave.length === fleet.reachable.length;
  const orders = {
    ...ordersFor(run, byTags ? request.scope : { by: 'ids', ids: wave }, wave.length),
    ...{ sent: [], known, begun: turn > 0 || request.begins === 'resume' },
  };
  return carryOut(orders, byTags ? fleet : { ...fleet, unreachable: [] }, before.window, ports, emit, cancel, look);
}

/** One command by tags, or some by id, shared out as `--max-concurrency` allows. */
function ordersFor(run: FleetRun, scope: Scope, hosts: number): Pick<Orders, 'requests' | 'atATime' | 'errorsAllowed'> {
  const { request, ours, document } = run;
  const order = (to: Scope, maxConcurrency: string | undefined): CommandRequest => ({
    document: { name: ours.name, version: document.version, sha256: ours.sha256 },
    scope: to,
    parameters: request.parameters,
    comment: request.comment,
    maxConcurrency,
    maxErrors: request.maxErrors,
    deliverySeconds: request.deliverySeconds,
  });
  const errorsAllowed = hostsOf(request.maxErrors, hosts);
  if (scope.by === 'tags') return { requests: [order(scope, request.maxConcurrency)], atATime: 1, errorsAllowed };
  const { batches, maxConcurrency, atATime } = shareOut(scope.ids, request.maxConcurrency);
  return { requests: batches.map((ids) => order({ by: 'ids', ids }, maxConcurrency)), atATime, errorsAllowed };
}

/** Hours may have passed since the inventory, and one id that is gone makes Systems Manager refuse all of its command. */
async function stillThere(
  { ports }: FleetRun,
  fleet: Fleet,
  planned: readonly InstanceId[],
): Promise<{ readonly wave: readonly InstanceId[]; readonly gone: readonly UnreachableHost[] }> {
  const ids = new Set(planned);
  const hosts: FleetInstance[] = fleet.targeted.filter(({ instanceId }) => ids.has(instanceId));
  const { reachable, unreachable } = partitionReachable(hosts, await ports.inventory.managed(planned));
  return { wave: reachable, gone: unreachable };
}

/** Somebody else who goes on with the same run would begin the same hosts. */
async function refuseConcurrentResume({ request, before, ports }: FleetRun, ours: ReadonlySet<string>): Promise<void> {
  const stranger = (await commandsOf(request, before.window, ports)).find(({ commandId }) => !ours.has(commandId));
  if (stranger === undefined) return;
  throw new RunError(
    'outcome-unknown',
    `somebody else goes on with run ${request.run}: command ${stranger.commandId}`,
    {
      hint: `Let one of the two end; then see what is left with --resume ${request.run}.`,
    },
  );
}

function halted(fleet: Fleet, ids: readonly InstanceId[], wave: number, run: string): UnreachableHost[] {
  const rest = new Set(ids);
  const why = {
    code: 'host-missing',
    message: `not begun: a host of wave ${wave} was not done`,
    hint: `See that host; then go on with --resume ${run}.`,
  } as const;
  return fleet.targeted.filter(({ instanceId }) => rest.has(instanceId)).map((host) => ({ host, ...why }));
}
