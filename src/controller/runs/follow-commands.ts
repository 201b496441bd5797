import { RunError, toRunError } from '../../shared/errors.ts';
import type { EmitFleet } from '../events.ts';
import type {
  CommandHistoryRange,
  CommandPorts,
  CommandProgress,
  CommandRequest,
  Commands,
  NonSuccessStatus,
} from '../ports.ts';
import { sumOf } from './counts.ts';
import type { Fleet, UnreachableHost } from './reachable.ts';
import { sendOnce } from './send-command.ts';
import type { Look } from './watch-hosts.ts';

/** Commands to be sent in turn and waited for. */
export interface Orders {
  readonly requests: readonly CommandRequest[];
  /** How many may be under way at the same time. */
  readonly atATime: number;
  /** Once more hosts have failed than this, nothing more is sent. */
  readonly errorsAllowed: number;
  /** Commands that were sent before: they are waited for as well. */
  readonly sent: readonly string[];
  /** Commands of the run that are none of these: an unclear answer is not about them. */
  readonly known: ReadonlySet<string>;
  /** Whether hosts may have begun: from then on a command that cannot be sent is told of its hosts, not thrown. */
  readonly begun: boolean;
}

/** What became of orders when all commands that were sent have ended. */
export interface CarriedOut {
  readonly commandIds: readonly string[];
  /** Hosts to whom nothing was sent, and why. */
  readonly unsent: readonly UnreachableHost[];
  /** Hosts that had their command when it was cancelled: one that is killed at work need not be shown as having begun. */
  readonly interrupted: ReadonlySet<string>;
}

/** Between two polls: one second at first, then longer and longer up to a quarter of a minute. */
const POLL = { firstMs: 1_000, factor: 1.5, longestMs: 15_000 } as const;
/** A command that Systems Manager does not show after this many polls was lost. */
const POLLS_UNTIL_SHOWN = 12;

/** How often the hosts that are left are listed. */
const LOOKS_AT_THE_LAST = 5;

const UNDER_WAY: readonly NonSuccessStatus[] = ['Pending', 'Delayed', 'InProgress'];
/** What Systems Manager says of a host that has not taken its command. */
const UNDELIVERED: ReadonlySet<string> = new Set(['Pending', 'Delayed']);

/**
 * Sends and waits until every command has ended, by counts alone (one ListCommands a poll). Aborting `cancel` cancels the
 * commands; the waiting goes on until Systems Manager has ended them.
 *
 * A command by tags is also for hosts of which we know that they are out of reach (`fleet.unreachable`). When only they
 * are left it is cancelled: nobody waits for its delivery to time out, and it does not run there when they come back.
 */
export async function carryOut(
  orders: Orders,
  fleet: Fleet,
  window: CommandHistoryRange,
  { commands, clock }: CommandPorts,
  emit: EmitFleet,
  cancel: AbortSignal,
  look?: Look,
): Promise<CarriedOut> {
  const queue = [...orders.requests];
  const commandIds = [...orders.sent];
  const unsent: UnreachableHost[] = [];
  const latest = new Map<string, CommandProgress>();
  const unseen = new Map<string, number>();
  const looks = new Map<string, number>();
  const takenBack = new Set<string>();
  const named = orders.requests.reduce((count, { scope }) => count + (scope.by === 'ids' ? scope.ids.length : 0), 0);
  let open: string[] = [...orders.sent];
  let interrupted: ReadonlySet<string> = new Set();
  let [wait, cancelled] = [POLL.firstMs as number, false];

  while (queue.length > 0 || open.length > 0) {
    if (cancel.aborted && !cancelled) {
      cancelled = true;
      queue.length = 0;
      interrupted = await hostsAtWork(open, window, commands, emit);
      await cancelAll(open, commands, emit);
      // One that began in between.
      interrupted = new Set([...interrupted, ...(await hostsAtWork(open, window, commands, emit))]);
      wait = POLL.firstMs;
    }
    if (sumOf(latest.values()).errors > orders.errorsAllowed) {
      unsent.push(...queue.splice(0).flatMap((request) => hostsOf(request, fleet, TOO_MANY_ERRORS)));
    }
    while (open.length < orders.atATime && !cancel.aborted) {
      const request = queue.shift();
      if (request === undefined) break;
      await send(request);
      wait = POLL.firstMs;
    }
    if (open.length === 0) continue;

    const shown = await commands.progress(open, window);
    for (const id of open) noteProgress(id, shown.get(id));
    open = open.filter((id) => latest.get(id)?.ended !== true);
    const counts = sumOf(latest.values());
    emit({ type: 'progress', ...counts, targets: Math.max(counts.targets, named) });
    if (open.length === 0) continue;
    await lookIfPossible(counts.targets);
    for (const id of open) await cancelIfOnlyUnreachableLeft(id);
    await clock.sleep(wait, cancelled ? undefined : cancel);
    wait = Math.min(wait * POLL.factor, POLL.longestMs);
  }
  return { commandIds, unsent, interrupted };

  async function send(request: CommandRequest): Promise<void> {
    try {
      const left = Math.max(orders.errorsAllowed - sumOf(latest.values()).errors, 0);
      const order = orders.requests.length === 1 ? request : { ...request, maxErrors: String(left) };
      const known = new Set([...orders.known, ...commandIds]);
      const id = await sendOnce(order, known, window, commands, clock, emit);
      commandIds.push(id);
      open.push(id);
    } catch (thrown) {
      if ((!orders.begun && commandIds.length === 0) || request.scope.by === 'tags') throw thrown;
      const { code: why, message, hint } = toRunError(thrown);
      emit({ type: 'warned', message });
      const code = why === 'outcome-unknown' ? why : 'host-missing';
      unsent.push(...hostsOf(request, fleet, { code, message, hint }));
    }
  }

  /** A look is for the eye: where it fails, the run goes on without. */
  async function lookIfPossible(targets: number): Promise<void> {
    try {
      await look?.(commandIds, targets);
    } catch (thrown) {
      emit({ type: 'warned', message: `the hosts cannot be looked at: ${toRunError(thrown).message}` });
      look = undefined;
    }
  }

  function noteProgress(id: string, progress: CommandProgress | undefined): void {
    if (progress !== undefined) latest.set(id, progress);
    const polls = (unseen.get(id) ?? 0) + 1;
    unseen.set(id, progress === undefined ? polls : 0);
    if (progress === undefined && polls > POLLS_UNTIL_SHOWN) throw lost(id);
  }

  async function cancelIfOnlyUnreachableLeft(id: string): Promise<void> {
    const progress = latest.get(id);
    const left = progress === undefined ? 0 : progress.targets - progress.completed;
    if (cancel.aborted || left === 0 || takenBack.has(id)) return;
    if (left > fleet.unreachable.length) return;
    // While the counts stand still a list says little new.
    const looked = looks.get(`${id} ${left}`) ?? 0;
    if (looked === LOOKS_AT_THE_LAST) return;
    looks.set(`${id} ${left}`, looked + 1);
    const invocations = await commands.invocationsIn(UNDER_WAY, [id], window);
    const known = new Set<string>(fleet.unreachable.map(({ host }) => host.instanceId));
    const waiting = invocations.filter((each) => known.has(each.instanceId) && UNDELIVERED.has(each.status));
    if (waiting.length < left || waiting.length < invocations.length) return;
    takenBack.add(id);
    emit({ type: 'taking-back', commandId: id, hosts: left });
    await cancelOne(id, commands, emit);
    wait = POLL.firstMs;
  }
}

async function hostsAtWork(
  commandIds: readonly string[],
  window: CommandHistoryRange,
  commands: Commands,
  emit: EmitFleet,
): Promise<ReadonlySet<string>> {
  if (commandIds.length === 0) return new Set();
  try {
    const atWork = await commands.invocationsIn(['InProgress'], commandIds, window);
    return new Set(atWork.map(({ instanceId }) => instanceId));
  } catch (thrown) {
    emit({ type: 'warned', message: `the commands are cancelled unseen: ${toRunError(thrown).message}` });
    return new Set();
  }
}

async function cancelAll(commandIds: readonly string[], commands: Commands, emit: EmitFleet): Promise<void> {
  emit({ type: 'cancelling', commands: commandIds.length });
  for (const id of commandIds) await cancelOne(id, commands, emit);
}

async function cancelOne(id: string, commands: Commands, emit: EmitFleet): Promise<void> {
  try {
    await commands.cancel(id);
  } catch (thrown) {
    emit({ type: 'warned', message: `command ${id} could not be cancelled: ${toRunError(thrown).message}` });
  }
}

const TOO_MANY_ERRORS = {
  code: 'host-missing',
  message: 'too many other hosts failed first (--max-errors)',
  hint: 'Mend those, then go on with --resume.',
} as const;

function hostsOf(
  { scope }: CommandRequest,
  fleet: Fleet,
  why: Pick<UnreachableHost, 'code' | 'message' | 'hint'>,
): UnreachableHost[] {
  const ids = new Set<string>(scope.by === 'ids' ? scope.ids : []);
  return fleet.targeted.filter(({ instanceId }) => ids.has(instanceId)).map((host) => ({ host, ...why }));
}

const lost = (id: string) =>
  new RunError('outcome-unknown', `Systems Manager accepted command ${id} but does not show it`, {
    hint: 'Look for the command in the command history of the console before you run again.',
  });
