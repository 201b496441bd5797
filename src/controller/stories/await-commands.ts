import { RunError, toRunError } from '../../shared/errors.ts';
import type { EmitFleet } from '../events.ts';
import type { Fleet } from '../fleet/reachable.ts';
import type { Clock, CommandProgress, Commands, Invocation } from '../ports.ts';

/** Between two polls: one second at first, then longer and longer up to a quarter of a minute. */
const POLL = { firstMs: 1_000, factor: 1.5, longestMs: 15_000 } as const;
/** A command that Systems Manager does not show after this many polls was lost. */
const POLLS_UNTIL_SHOWN = 12;
/** Invocations lag behind the end of their command; after this many looks they are reported as they are. */
const LOOKS_FOR_INVOCATIONS = 5;
const LOOK_EVERY_MS = 2_000;
/** What Systems Manager says of a host that has not taken its command. */
const UNDELIVERED: ReadonlySet<string> = new Set(['Pending', 'Delayed']);

/**
 * Waits until every command has ended, by counts alone (one ListCommands a poll and command). Aborting `cancel` cancels
 * the commands; the waiting goes on until Systems Manager has ended them. Answers the hosts that had their command by
 * then: a host that is killed at work need not be shown as having begun.
 *
 * A command by tags is also for hosts of which we know that they are out of reach. When only they are left it is
 * cancelled: nobody waits for its delivery to time out, and it does not run there when they come back.
 */
export async function awaitCommands(
  commandIds: readonly string[],
  fleet: Fleet,
  commands: Commands,
  clock: Clock,
  emit: EmitFleet,
  cancel: AbortSignal,
): Promise<ReadonlySet<string>> {
  let open = [...commandIds];
  let [wait, polls, cancelled] = [POLL.firstMs as number, 0, false];
  const latest = new Map<string, CommandProgress>();
  let interrupted: ReadonlySet<string> = new Set();
  const takenBack = new Set<string>();

  while (open.length > 0) {
    if (cancel.aborted && !cancelled) {
      cancelled = true;
      interrupted = await hostsAtWork(open, commands, emit);
      await cancelAll(open, commands, emit);
      wait = POLL.firstMs;
    }
    for (const id of open) {
      const progress = await commands.progress(id);
      if (progress !== undefined) latest.set(id, progress);
      else if (++polls > POLLS_UNTIL_SHOWN * commandIds.length) throw lost(id);
    }
    open = open.filter((id) => latest.get(id)?.ended !== true);
    emit({ type: 'progress', ...sum([...latest.values()]) });
    if (open.length === 0) break;
    for (const id of open) {
      if (cancel.aborted || takenBack.has(id)) continue;
      const left = await outOfReach(id, latest.get(id), fleet, commands);
      if (left === 0) continue;
      takenBack.add(id);
      emit({ type: 'taking-back', commandId: id, hosts: left });
      await cancelOne(id, commands, emit);
      wait = POLL.firstMs;
    }
    await clock.sleep(wait, cancelled ? undefined : cancel);
    wait = Math.min(wait * POLL.factor, POLL.longestMs);
  }
  return interrupted;
}

/**
 * How many hosts are left, if every host within reach has ended and no other has the command; otherwise 0. The counts
 * are asked first: invocations are listed only where they can say so.
 */
async function outOfReach(
  commandId: string,
  progress: CommandProgress | undefined,
  { reachable, unreachable }: Fleet,
  commands: Commands,
): Promise<number> {
  const open = progress === undefined ? 0 : progress.targets - progress.completed;
  if (progress === undefined || open === 0 || open > unreachable.length) return 0;
  const invocations = await commands.invocations(commandId);
  const ended = new Set(invocations.filter((each) => each.ended).map(({ instanceId }) => instanceId));
  const left = invocations.filter((each) => !each.ended);
  const known = new Set<string>(unreachable.map(({ host }) => host.instanceId));
  const waiting = left.every(({ instanceId, status }) => known.has(instanceId) && UNDELIVERED.has(status));
  const whole = invocations.length >= progress.targets && reachable.every((id) => ended.has(id));
  return waiting && whole ? left.length : 0;
}

async function hostsAtWork(commandIds: readonly string[], commands: Commands, emit: EmitFleet): Promise<Set<string>> {
  const atWork = new Set<string>();
  for (const id of commandIds) {
    try {
      const invocations = await commands.invocations(id);
      for (const { status, instanceId } of invocations) if (status === 'InProgress') atWork.add(instanceId);
    } catch (thrown) {
      emit({ type: 'warned', message: `command ${id} is cancelled unseen: ${toRunError(thrown).message}` });
    }
  }
  return atWork;
}

/** The invocations of all commands, asked again while Systems Manager still shows some as running. */
export async function collectInvocations(
  commandIds: readonly string[],
  commands: Commands,
  clock: Clock,
  emit: EmitFleet,
): Promise<Invocation[]> {
  const all: Invocation[] = [];
  for (const id of commandIds) {
    const expected = (await commands.progress(id))?.targets ?? 0;
    let invocations = await commands.invocations(id);
    const settled = () => invocations.length >= expected && invocations.every(({ ended }) => ended);
    for (let looked = 1; looked < LOOKS_FOR_INVOCATIONS && !settled(); looked++) {
      await clock.sleep(LOOK_EVERY_MS);
      invocations = await commands.invocations(id);
    }
    if (!settled()) {
      emit({ type: 'warned', message: `command ${id}: ${invocations.length} of ${expected} invocations are shown` });
    }
    all.push(...invocations);
  }
  return all;
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

function sum(all: readonly CommandProgress[]): Pick<CommandProgress, 'targets' | 'completed' | 'errors'> {
  const total = (key: 'targets' | 'completed' | 'errors') => all.reduce((count, progress) => count + progress[key], 0);
  return { targets: total('targets'), completed: total('completed'), errors: total('errors') };
}

const lost = (id: string) =>
  new RunError('outcome-unknown', `Systems Manager accepted command ${id} but does not show it`, {
    hint: 'Look for the command in the command history of the console before you run again.',
  });
