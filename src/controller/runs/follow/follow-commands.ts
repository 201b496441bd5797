import { RunError, toRunError } from '../../../shared/errors.ts';
import { Pauses, pause } from '../../../shared/poll.ts';
import type { CommandProgress, CommandRequest, NonSuccessStatus } from '../../ports.ts';
import type { FleetRun } from '../fleet-run.ts';
import type { UnreachableHost } from '../reachable.ts';
import type { Collected } from '../run-evidence.ts';
import { collectInvocations } from './collect-invocations.ts';
import { sumOf } from './counts.ts';
import { sendCommand } from './send-command.ts';

/** Commands to be sent in turn and followed to their end. */
export interface Orders {
  readonly requests: readonly CommandRequest[];
  /** How many may be under way at the same time. */
  readonly atATime: number;
  /** Once more hosts have failed than this, nothing more is sent. */
  readonly errorsAllowed: number;
  /** Ids of commands that were sent before: they are followed as well. */
  readonly sent: readonly string[];
  /** Whether hosts may have begun: then a command that cannot be sent is reported for its hosts, not thrown. */
  readonly begun: boolean;
  /** Hosts out of reach that a command by tags addresses all the same. */
  readonly unreachable: readonly UnreachableHost[];
  /** Whether the invocations of hosts that succeeded are listed too, however many there are. */
  readonly listAll: boolean;
}

/** Between two polls. */
const POLL = { firstMs: 1_000, factor: 1.5, longestMs: 15_000 } as const;
/** A command that Systems Manager does not show after this many polls was lost. */
const POLLS_UNTIL_SHOWN = 12;
/** How often the hosts that a command still waits for are listed while their number stays the same. */
const LISTINGS_WITHOUT_CHANGE = 5;

const UNDER_WAY: readonly NonSuccessStatus[] = ['Pending', 'Delayed', 'InProgress'];
/** Systems Manager's statuses of a host that has not taken its command. */
const UNDELIVERED: ReadonlySet<string> = new Set(['Pending', 'Delayed']);

/**
 * Sends the commands of one order and follows them to their end, by counts alone (one ListCommands a poll); then collects
 * their invocations. When the run is cancelled the commands are cancelled, and followed until Systems Manager has ended them.
 *
 * A command by tags also addresses hosts that are known to be out of reach (`Orders.unreachable`). When only these are left
 * it is cancelled: then the run does not wait for their delivery to time out, and nothing runs there when they come back.
 */
export class CommandFollower {
  readonly #run: FleetRun;
  readonly #orders: Orders;
  readonly #queue: CommandRequest[];
  readonly #commandIds: string[];
  #open: readonly string[];
  readonly #progress = new Map<string, CommandProgress>();
  readonly #pollsUnshown = new Map<string, number>();
  readonly #listings = new Map<string, number>();
  readonly #cancelledForUnreachable = new Set<string>();
  readonly #unsent: UnreachableHost[] = [];
  readonly #pauses = new Pauses(POLL);
  #watch: FleetRun['watch'];
  #isCancelled = false;
  /** Hosts at work when their command was cancelled: one that is killed at work may not be shown as having begun. */
  #interrupted: ReadonlySet<string> = new Set();

  constructor(run: FleetRun, orders: Orders) {
    this.#run = run;
    this.#orders = orders;
    this.#queue = [...orders.requests];
    this.#commandIds = [...orders.sent];
    this.#open = orders.sent;
    this.#watch = run.watch;
  }

  /** Returns the invocations, and the hosts to which nothing was sent, with the reason. Throws RunError `outcome-unknown`. */
  async follow(): Promise<Collected & { readonly unsent: readonly UnreachableHost[] }> {
    const { ports, cancel } = this.#run;
    while (this.#queue.length > 0 || this.#open.length > 0) {
      if (cancel.aborted && !this.#isCancelled) await this.#cancelAll();
      this.#dropQueueAfterErrors();
      await this.#sendNext();
      if (this.#open.length > 0) await this.#poll();
      if (this.#open.length === 0) continue;
      await this.#showHosts();
      for (const id of this.#open) await this.#cancelIfOnlyUnreachableLeft(id);
      await pause(ports.clock, this.#pauses.next(), this.#isCancelled ? undefined : cancel);
    }
    const { invocations, withSuccesses } = await collectInvocations(this.#commandIds, this.#run, this.#orders.listAll);
    const noted = invocations.map((each) => (this.#interrupted.has(each.instanceId) ? { ...each, began: true } : each));
    return { invocations: noted, withSuccesses, unsent: this.#unsent };
  }

  async #cancelAll(): Promise<void> {
    this.#isCancelled = true;
    this.#queue.length = 0;
    const before = await this.#hostsAtWork();
    this.#run.emit({ type: 'cancelling', commands: this.#open.length });
    for (const id of this.#open) await this.#cancel(id);
    // The second look finds a host that began in between.
    this.#interrupted = new Set([...before, ...(await this.#hostsAtWork())]);
    this.#pauses.startOver();
  }

  #dropQueueAfterErrors(): void {
    if (sumOf(this.#progress.values()).errors <= this.#orders.errorsAllowed) return;
    for (const request of this.#queue.splice(0)) this.#leaveUnsent(request, TOO_MANY_ERRORS);
  }

  async #sendNext(): Promise<void> {
    while (this.#open.length < this.#orders.atATime && !this.#run.cancel.aborted) {
      const request = this.#queue.shift();
      if (request === undefined) return;
      await this.#send(request);
      this.#pauses.startOver();
    }
  }

  async #send(request: CommandRequest): Promise<void> {
    const { requests, errorsAllowed, begun } = this.#orders;
    const left = Math.max(errorsAllowed - sumOf(this.#progress.values()).errors, 0);
    try {
      const id = await sendCommand(
        requests.length === 1 ? request : { ...request, maxErrors: String(left) },
        this.#run,
      );
      this.#commandIds.push(id);
      this.#open = [...this.#open, id];
    } catch (thrown) {
      if ((!begun && this.#commandIds.length === 0) || request.scope.by === 'tags') throw thrown;
      const { code, message, hint } = toRunError(thrown);
      this.#run.emit({ type: 'warned', message });
      this.#leaveUnsent(request, { code: code === 'outcome-unknown' ? code : 'host-missing', message, hint });
    }
  }

  #leaveUnsent({ scope }: CommandRequest, why: Omit<UnreachableHost, 'host'>): void {
    const ids = new Set<string>(scope.by === 'ids' ? scope.ids : []);
    const hosts = this.#run.fleet.targeted.filter(({ instanceId }) => ids.has(instanceId));
    this.#unsent.push(...hosts.map((host) => ({ host, ...why })));
  }

  async #poll(): Promise<void> {
    const { ports, earlier, emit } = this.#run;
    const shown = await ports.commands.progress(this.#open, earlier.range);
    for (const id of this.#open) this.#note(id, shown.get(id));
    this.#open = this.#open.filter((id) => this.#progress.get(id)?.ended !== true);
    const counts = this.#counts();
    // Of commands that Systems Manager does not show yet, the hosts that they name count as targets.
    const named = this.#orders.requests.reduce(
      (sum, { scope }) => sum + (scope.by === 'ids' ? scope.ids.length : 0),
      0,
    );
    emit({ type: 'progress', ...counts, targets: Math.max(counts.targets, named) });
  }

  #note(id: string, progress: CommandProgress | undefined): void {
    if (progress !== undefined) this.#progress.set(id, progress);
    const unshown = progress === undefined ? (this.#pollsUnshown.get(id) ?? 0) + 1 : 0;
    this.#pollsUnshown.set(id, unshown);
    if (unshown > POLLS_UNTIL_SHOWN) throw lost(id);
  }

  #counts() {
    return sumOf(this.#progress.values());
  }

  /** For a terminal only: where it fails, the run goes on without it. */
  async #showHosts(): Promise<void> {
    try {
      await this.#watch?.(this.#commandIds, this.#counts().targets);
    } catch (thrown) {
      this.#run.emit({ type: 'warned', message: `the hosts cannot be looked at: ${toRunError(thrown).message}` });
      this.#watch = undefined;
    }
  }

  async #cancelIfOnlyUnreachableLeft(id: string): Promise<void> {
    const { ports, earlier, emit, cancel } = this.#run;
    const { unreachable } = this.#orders;
    const progress = this.#progress.get(id);
    const left = progress === undefined ? 0 : progress.targets - progress.completed;
    if (cancel.aborted || left === 0 || left > unreachable.length || this.#cancelledForUnreachable.has(id)) return;
    const listings = this.#listings.get(`${id} ${left}`) ?? 0;
    if (listings === LISTINGS_WITHOUT_CHANGE) return;
    this.#listings.set(`${id} ${left}`, listings + 1);
    const invocations = await ports.commands.invocationsIn(UNDER_WAY, [id], earlier.range);
    const ids = new Set<string>(unreachable.map(({ host }) => host.instanceId));
    const waiting = invocations.filter((each) => ids.has(each.instanceId) && UNDELIVERED.has(each.status));
    if (waiting.length < left || waiting.length < invocations.length) return;
    this.#cancelledForUnreachable.add(id);
    emit({ type: 'taking-back', commandId: id, hosts: left });
    await this.#cancel(id);
    this.#pauses.startOver();
  }

  async #hostsAtWork(): Promise<ReadonlySet<string>> {
    const { ports, earlier, emit } = this.#run;
    if (this.#open.length === 0) return new Set();
    try {
      const atWork = await ports.commands.invocationsIn(['InProgress'], this.#open, earlier.range);
      return new Set(atWork.map(({ instanceId }) => instanceId));
    } catch (thrown) {
      emit({ type: 'warned', message: `the commands are cancelled unseen: ${toRunError(thrown).message}` });
      return new Set();
    }
  }

  async #cancel(id: string): Promise<void> {
    const { ports, emit } = this.#run;
    try {
      await ports.commands.cancel(id);
    } catch (thrown) {
      emit({ type: 'warned', message: `command ${id} could not be cancelled: ${toRunError(thrown).message}` });
    }
  }
}

const TOO_MANY_ERRORS = {
  code: 'host-missing',
  message: 'too many other hosts failed first (--max-errors)',
  hint: 'Mend those, then go on with --resume.',
} as const;

const lost = (id: string) =>
  new RunError('outcome-unknown', `Systems Manager accepted command ${id} but does not show it`, {
    hint: 'Look for the command in the command history of the console before you run again.',
  });
