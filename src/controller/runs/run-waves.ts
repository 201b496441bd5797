import { RunError } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import type { CommandRequest, Scope } from '../ports.ts';
import { type FleetRun, isDone, leaveOut } from './fleet-run.ts';
import { hostsOf, shareOut } from './follow/batches.ts';
import { commandsOf } from './follow/find-earlier-commands.ts';
import { CommandFollower, type Orders } from './follow/follow-commands.ts';
import { type Fleet, partitionReachable, type UnreachableHost } from './reachable.ts';
import { findRemainingHosts } from './resume-run.ts';
import { planWaves } from './waves.ts';

/** Runs the hosts that remain, wave by wave. After a wave in which a host was not done no further one starts. */
export async function runWaves(run: FleetRun): Promise<void> {
  const { request, fleet, evidence, emit, cancel } = run;
  const { hosts, blocked } = await findRemainingHosts(run);
  const { waves, leftOut } = planWaves(hosts, request.waves, blocked);
  leaveOut(run, leftOut);

  for (const [turn, planned] of waves.entries()) {
    if (cancel.aborted) return;
    if (turn > 0) await refuseConcurrentResume(run);
    const wave = turn === 0 ? planned : await stillManaged(run, planned);
    if (wave.length === 0) continue;
    if (waves.length > 1) emit({ type: 'wave-started', wave: turn + 1, waves: waves.length, hosts: wave.length });
    const isWaveDone = await runWave(run, wave, turn);
    const rest = waves.slice(turn + 1).flat();
    if (rest.length === 0 || isWaveDone) continue;
    emit({ type: 'halted', wave: turn + 1, waves: waves.length, hosts: rest.length });
    evidence.leftOut.push(...halted(fleet, rest, turn + 1, request.run));
    return;
  }
}

/** Sends, follows and collects one wave. Returns whether every host of it is done. */
async function runWave(run: FleetRun, wave: readonly InstanceId[], turn: number): Promise<boolean> {
  const { evidence } = run;
  evidence.forget(wave);
  const { unsent, ...collected } = await new CommandFollower(run, ordersFor(run, wave, turn)).follow();
  evidence.add(collected);
  evidence.leftOut.push(...unsent);
  const { invocations, withSuccesses } = collected;
  const heard = new Set<string>(invocations.map(({ instanceId }) => instanceId));
  const areAllHeard = !withSuccesses || wave.every((id) => heard.has(id));
  return unsent.length === 0 && areAllHeard && invocations.every((each) => isDone(run, each));
}

/** One command by tags, or some by id, shared out as `--max-concurrency` allows. */
function ordersFor({ request, ours, document, fleet }: FleetRun, wave: readonly InstanceId[], turn: number): Orders {
  // By tags, a host that comes back or appears meanwhile runs as well: with waves it might run beside one of its cluster.
  const byTags =
    request.scope.by === 'tags' &&
    request.waves === undefined &&
    request.begins !== 'resume' &&
    wave.length === fleet.reachable.length;
  const order = (scope: Scope, maxConcurrency: string | undefined): CommandRequest => ({
    document: { name: ours.name, version: document.version, sha256: ours.sha256 },
    scope,
    parameters: request.parameters,
    comment: request.comment,
    maxConcurrency,
    maxErrors: request.maxErrors,
    deliverySeconds: request.deliverySeconds,
  });
  const { batches, maxConcurrency, atATime } = shareOut(wave, request.maxConcurrency);
  return {
    requests: byTags
      ? [order(request.scope, request.maxConcurrency)]
      : batches.map((ids) => order({ by: 'ids', ids }, maxConcurrency)),
    atATime: byTags ? 1 : atATime,
    errorsAllowed: hostsOf(request.maxErrors, wave.length),
    sent: [],
    begun: turn > 0 || request.begins === 'resume',
    unreachable: byTags ? fleet.unreachable : [],
    listAll: request.operation === 'plan',
  };
}

/** Hours may have passed since the inventory, and one id that is gone makes Systems Manager refuse the whole command. */
async function stillManaged(run: FleetRun, planned: readonly InstanceId[]): Promise<readonly InstanceId[]> {
  const { fleet, evidence, ports } = run;
  const ids = new Set(planned);
  const hosts = fleet.targeted.filter(({ instanceId }) => ids.has(instanceId));
  const { reachable, unreachable } = partitionReachable(hosts, await ports.inventory.managed(planned));
  evidence.leftOut.push(...unreachable);
  return reachable;
}

/** Throws RunError `outcome-unknown` where another controller resumes the same run: it would start the same hosts. */
async function refuseConcurrentResume({ request, earlier, evidence, ports }: FleetRun): Promise<void> {
  const all = await commandsOf(request, earlier.range, ports);
  const other = all.find(({ commandId }) => !evidence.commandIds.has(commandId));
  if (other === undefined) return;
  throw new RunError('outcome-unknown', `somebody else goes on with run ${request.run}: command ${other.commandId}`, {
    hint: `Let one of the two end; then see what is left with --resume ${request.run}.`,
  });
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
