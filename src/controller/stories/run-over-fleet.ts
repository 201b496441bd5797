import { RunError, toRunError } from '../../shared/errors.ts';
import type { InstanceId } from '../../shared/ids.ts';
import { TAG } from '../../shared/tags.ts';
import type { EmitFleet } from '../events.ts';
import { hostsOf, shareOut } from '../fleet/batches.ts';
import { collate, type FleetReport } from '../fleet/collate.ts';
import { judgeHost, type ReportedRun } from '../fleet/judge-host.ts';
import { type Fleet, sortOut, type UnreachableHost } from '../fleet/reachable.ts';
import type { FleetRequest } from '../fleet/request.ts';
import type { Scope } from '../fleet/scope.ts';
import { stillToDo } from '../fleet/still-to-do.ts';
import { planWaves } from '../fleet/waves.ts';
import type {
  Clock,
  CommandRequest,
  Commands,
  Documents,
  DocumentVersion,
  FleetInstance,
  Inventory,
  Snapshots,
} from '../ports.ts';
import { type CarriedOut, carryOut, type Orders } from './carry-out.ts';
import { type Collected, collectInvocations } from './collect.ts';
import { type OurDocument, requireOurDocument } from './install-document.ts';
import { type Before, latestOf, lookBack } from './look-back.ts';
import { type Look, lookIn } from './look-in.ts';
import { awaitCompletion, type SetsOfRun, seeSets } from './see-sets.ts';
import { targetInstances } from './target-instances.ts';

export interface FleetPorts {
  readonly documents: Documents;
  readonly inventory: Inventory;
  readonly commands: Commands;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
}

/** Everything that the parts of a run share. */
interface Run {
  readonly request: FleetRequest;
  readonly ours: OurDocument;
  readonly document: DocumentVersion;
  readonly ports: FleetPorts;
  readonly emit: EmitFleet;
  readonly cancel: AbortSignal;
  readonly before: Before;
  /** Only where somebody watches. */
  readonly look: Look | undefined;
}

/**
 * The run: prove the document, take the inventory, see what was done before, then wave by wave send, wait and collect;
 * see the sets in EC2, and compare. When `cancel` is aborted the commands are cancelled, and the report says what had
 * become of each host by then. `isWatched`: hosts are looked at on the way, too.
 */
export async function runOverFleet(
  request: FleetRequest,
  ours: OurDocument,
  ports: FleetPorts,
  emit: EmitFleet,
  cancel: AbortSignal,
  isWatched = false,
): Promise<FleetReport> {
  const document = await requireOurDocument(ours, ports.documents);
  const { operation, run: id } = request;
  emit({ type: 'run-started', operation, run: id, document: ours.name, version: document.version });

  const fleet = await takeInventory(request.scope, ports.inventory);
  emit({ type: 'inventory-taken', targeted: fleet.targeted.length, reachable: fleet.reachable.length });
  sayWhoIsLeftOut(fleet.unreachable, emit);
  sayWhatNobodyCarries(request.waves, fleet.targeted, emit);
  const before = await lookBack(request, ports);

  return sayingThatHostsAreAtWork(request, before, emit, async (noting) => {
    const look = isWatched ? lookIn(fleet.targeted, before.window, ports, emit) : undefined;
    const run: Run = { request, ours, document, ports, emit: noting, cancel, before, look };
    const earlier = await settle(run, fleet);
    const later = await workThrough(run, fleet, earlier);
    const { invocations, leftOut } = later;
    if (request.until === 'completed') await awaitCompletion(id, ports, emit, cancel);
    const sets = await setsOf(run, fleet, later);
    const all = { ...fleet, unreachable: [...fleet.unreachable, ...leftOut] };
    return collate(reported(run), all, { invocations, sets });
  });
}

/** What is known of the hosts so far. */
interface Known extends Collected {
  readonly sets?: SetsOfRun | undefined;
  /** Who was within reach and was not sent a command, and why. */
  readonly leftOut: readonly UnreachableHost[];
}

const reported = ({ request, cancel }: Run): ReportedRun => ({
  operation: request.operation,
  run: request.run,
  cancelled: cancel.aborted,
});

/** Brings what a resumed run has sent before to its end, and collects it. */
async function settle(run: Run, fleet: Fleet): Promise<Known> {
  const { before, ports, emit, cancel, request, look } = run;
  if (request.begins !== 'resume') return { invocations: [], withSuccesses: true, leftOut: [] };
  const sent = before.sent.map(({ commandId }) => commandId);
  emit({ type: 'resuming', commands: sent.length });
  const orders = {
    requests: [],
    atATime: 1,
    errorsAllowed: Number.POSITIVE_INFINITY,
    sent,
    begun: true,
  };
  const carried = await carryOut(orders, { ...fleet, unreachable: [] }, before.window, ports, emit, cancel, look);
  const collected = await collect(run, carried);
  const invocations = latestOf(before.sent, collected.invocations);
  return { ...collected, invocations, sets: await seeSets(request.run, [], ports), leftOut: [] };
}

/** Wave by wave; nothing more is begun after one in which a host was not done. */
async function workThrough(run: Run, fleet: Fleet, earlier: Known): Promise<Known> {
  const { request, emit, cancel } = run;
  const { hosts, blocked } = stillToDo(reported(run), fleet, earlier);
  const { waves, leftOut: turnless } = planWaves(hosts, request.waves, blocked);
  sayWhoIsLeftOut(turnless, emit);
  const again = new Set<string>(hosts.map(({ instanceId }) => instanceId));
  const invocations = earlier.invocations.filter(({ instanceId }) => !again.has(instanceId));
  const leftOut: UnreachableHost[] = [...turnless];
  let withSuccesses = earlier.withSuccesses;

  for (const [turn, wave] of waves.entries()) {
    if (cancel.aborted) break;
    if (waves.length > 1) emit({ type: 'wave-started', wave: turn + 1, waves: waves.length, hosts: wave.length });
    const isWhole = wave.length === fleet.reachable.length && request.begins !== 'resume';
    const sentTo = request.scope.by === 'tags' && isWhole ? fleet : { ...fleet, unreachable: [] };
    const orders = { ...ordersFor(run, isWhole ? request.scope : undefined, wave), sent: [], begun: turn > 0 };
    const carried = await carryOut(orders, sentTo, run.before.window, run.ports, emit, cancel, run.look);
    const collected = await collect(run, carried);
    invocations.push(...collected.invocations);
    leftOut.push(...carried.unsent);
    withSuccesses &&= collected.withSuccesses;

    const rest = waves.slice(turn + 1).flat();
    if (rest.length === 0 || (carried.unsent.length === 0 && collected.invocations.every((each) => isDone(run, each))))
      continue;
    emit({ type: 'halted', wave: turn + 1, waves: waves.length, hosts: rest.length });
    leftOut.push(...halted(fleet, rest, turn + 1, request.run));
    break;
  }
  return { invocations, withSuccesses, leftOut };
}

const isDone = (run: Run, invocation: Collected['invocations'][number]): boolean =>
  judgeHost(reported(run), invocation.instanceId, { invocation, setsSeen: false }).result.outcome === 'done';

async function collect({ before, ports, emit }: Run, { commandIds, interrupted }: CarriedOut): Promise<Collected> {
  const { invocations, withSuccesses } = await collectInvocations(commandIds, before.window, ports, emit);
  const noted = invocations.map((each) => (interrupted.has(each.instanceId) ? { ...each, began: true } : each));
  return { invocations: noted, withSuccesses };
}

/** One command by tags where it is for all that they name; else by id, shared out as `--max-concurrency` allows. */
function ordersFor(run: Run, scope: Scope | undefined, wave: readonly InstanceId[]): Omit<Orders, 'sent' | 'begun'> {
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
  const errorsAllowed = hostsOf(request.maxErrors, wave.length);
  if (scope?.by === 'tags') return { requests: [order(scope, request.maxConcurrency)], atATime: 1, errorsAllowed };
  const { batches, maxConcurrency, atATime } = shareOut(wave, request.maxConcurrency);
  return { requests: batches.map((ids) => order({ by: 'ids', ids }, maxConcurrency)), atATime, errorsAllowed };
}

/** The run's sets as EC2 has them. Where the hosts' own words are all there, not to see the sets is no reason to lose those. */
async function setsOf(
  run: Run,
  fleet: Fleet,
  { invocations, withSuccesses, leftOut }: Known,
): Promise<SetsOfRun | undefined> {
  const { request, ports, emit } = run;
  if (request.operation !== 'snapshot') return undefined;
  const not = new Set<string>(leftOut.map(({ host }) => host.instanceId));
  for (const each of invocations) if (!isDone(run, each)) not.add(each.instanceId);
  const answered = new Set(invocations.map(({ instanceId }) => instanceId));
  const expected = fleet.reachable.filter((id) => !not.has(id) && (answered.has(id) || !withSuccesses));
  try {
    return await seeSets(request.run, expected, ports);
  } catch (thrown) {
    if (!withSuccesses) throw thrown;
    emit({ type: 'warned', message: `whether EBS completes the sets was not seen: ${toRunError(thrown).message}` });
    return undefined;
  }
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

/** Throws `no-target` where nobody carries the tag of `--wave-by`: it is misspelt, and nobody would get a turn. */
function sayWhatNobodyCarries(rule: FleetRequest['waves'], targeted: readonly FleetInstance[], emit: EmitFleet): void {
  if (rule === undefined) return;
  const { key, prefer } = rule;
  if (!targeted.some(({ tags }) => key in tags)) {
    throw new RunError('no-target', `no targeted instance carries the tag ${key} (--wave-by)`, {
      hint: 'Check how it is spelt; nothing was sent.',
    });
  }
  if (prefer === undefined || targeted.some(({ tags }) => prefer.values.includes(tags[prefer.key] ?? ''))) return;
  const message = `no targeted instance carries tag:${prefer.key}=${prefer.values.join('|')} (--prefer)`;
  emit({ type: 'warned', message });
}

function sayWhoIsLeftOut(hosts: readonly UnreachableHost[], emit: EmitFleet): void {
  for (const { host, message } of hosts)
    emit({ type: 'host-left-out', instance: host.instanceId, name: host.name, message });
}

/** An error while hosts are at work says nothing of the hosts: it must not look like a refusal before the start. */
async function sayingThatHostsAreAtWork<T>(
  { run, operation }: FleetRequest,
  before: Before,
  emit: EmitFleet,
  work: (emit: EmitFleet) => Promise<T>,
): Promise<T> {
  const sent = before.sent.map(({ commandId }) => commandId);
  try {
    return await work((event) => {
      if (event.type === 'command-sent') sent.push(event.commandId);
      emit(event);
    });
  } catch (thrown) {
    if (sent.length === 0) throw thrown;
    const { message } = toRunError(thrown);
    const commands =
      sent.length === 1 ? `command ${sent[0]}` : `${sent.length} commands, the last of them ${sent.at(-1)},`;
    throw new RunError('outcome-unknown', `the hosts are at work, but cannot be watched any more: ${message}`, {
      cause: thrown,
      hint:
        operation === 'plan'
          ? `Look at ${commands} in Run Command.`
          : `Mend that and go on with --resume ${run}: it takes up ${commands} and does no host twice (tag ${TAG.run}=${run}).`,
    });
  }
}

async function takeInventory(scope: Scope, inventory: Inventory): Promise<Fleet> {
  const targeted = await targetInstances(scope, inventory);
  return sortOut(targeted, await inventory.managed(targeted.map(({ instanceId }) => instanceId)));
}
