import * as v from 'valibot';
import type { FleetEvent } from '../../../src/controller/events.ts';
import type {
  Clock,
  CommandProgress,
  CommandRequest,
  Commands,
  Documents,
  DocumentVersion,
  FleetInstance,
  Inventory,
  Invocation,
  ManagedNode,
  NonSuccessStatus,
  Scope,
  SendAnswer,
  SentCommand,
  SetChoice,
  Snapshot,
  Snapshots,
} from '../../../src/controller/ports.ts';
import { InstanceId, RunId, SnapshotId, VolumeId } from '../../../src/shared/ids.ts';
import type { Result } from '../../../src/shared/result.ts';
import { TAG, type Tags } from '../../../src/shared/tags.ts';

export const RUN = v.parse(RunId, 'nightly-1');
/** The nth instance id. */
export const host = (n: number): InstanceId => v.parse(InstanceId, `i-${n.toString(16).padStart(17, '0')}`);

export const running = (n: number, name = `db${n}`): FleetInstance => ({
  instanceId: host(n),
  name,
  state: 'running',
  tags: {},
});
export const online = (n: number): ManagedNode => ({ instanceId: host(n), ping: 'Online', platform: 'Linux' });

export const done = (n: number): Result => ({
  v: 1,
  run: RUN,
  instance: host(n),
  outcome: 'done',
  grade: 'application',
});
export const ran = (n: number, result: Result | string = done(n), more: Partial<Invocation> = {}): Invocation => ({
  commandId: 'command-1',
  instanceId: host(n),
  status: 'Success',
  ended: true,
  began: true,
  since: new Date('2026-11-22T03:00:00Z'),
  exitStatus: 0,
  output: typeof result === 'string' ? result : `${JSON.stringify(result)}\n`,
  ...more,
});

/** A clock in which only sleeping takes time; `then` happens at the end of each sleep. */
export function fakeClock(then: (slept: number) => void = () => {}): Clock & { slept: number[] } {
  let now = Date.parse('2026-11-22T03:00:00Z');
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(now),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += ms;
      slept.push(ms);
      then(slept.length);
    },
  };
}

/** Documents as Systems Manager keeps them; a new version is active when it has been described once. */
export class FakeDocuments implements Documents {
  readonly calls: string[] = [];
  kept: DocumentVersion[] = [];
  default = '1';
  comesUp: DocumentVersion['status'] = 'Active';
  hashOf: (content: string) => string = (content) => content;

  async describe(_name: string, version = this.default): Promise<DocumentVersion | undefined> {
    const found = this.kept.find((each) => each.version === version);
    if (found !== undefined && found.status !== 'Active') {
      this.kept = this.kept.map((each) => (each === found ? { ...each, status: this.comesUp } : each));
    }
    return found === undefined ? undefined : { ...found, latest: this.kept.length };
  }
  async create(_name: string, content: string): Promise<string> {
    this.calls.push('create');
    return this.#add(content, 'Creating');
  }
  async update(_name: string, content: string): Promise<string | undefined> {
    this.calls.push('update');
    if (this.kept.some(({ sha256 }) => sha256 === this.hashOf(content))) return undefined;
    return this.#add(content, 'Updating');
  }
  async makeDefault(_name: string, version: string): Promise<void> {
    this.calls.push(`default ${version}`);
    this.default = version;
  }
  #add(content: string, status: DocumentVersion['status']): string {
    const version = String(this.kept.length + 1);
    this.kept.push({
      version,
      status,
      statusText: undefined,
      sha256: this.hashOf(content),
      latest: this.kept.length + 1,
    });
    return version;
  }
}

/** A fleet that answers what it is told to; every command ends after `polls` polls. */
export class FakeFleet implements Commands, Inventory {
  readonly sent: CommandRequest[] = [];
  readonly cancelled: string[] = [];
  targeted: FleetInstance[] = [];
  nodes: ManagedNode[] = [];
  answers: Invocation[] = [];
  polls = 1;
  /** How many polls a cancelled command still takes. */
  pollsToCancel = 0;
  endStatus = 'Success';
  atCancel = () => {};
  answerTo: (n: number) => SendAnswer = (n) => ({ kind: 'sent', commandId: `command-${n}` });
  found: SentCommand[] = [];
  #polled = new Map<string, number>();

  async instances(_scope: Scope): Promise<readonly FleetInstance[]> {
    return this.targeted;
  }
  async managed(): Promise<readonly ManagedNode[]> {
    return this.nodes;
  }
  async send(request: CommandRequest): Promise<SendAnswer> {
    this.sent.push(request);
    return this.answerTo(this.sent.length);
  }
  async sentIn(): Promise<readonly SentCommand[]> {
    return this.found;
  }
  async progress(commandIds: readonly string[]): Promise<ReadonlyMap<string, CommandProgress>> {
    return new Map(commandIds.map((id) => [id, this.#progressOf(id)]));
  }
  #progressOf(commandId: string): CommandProgress {
    const polled = (this.#polled.get(commandId) ?? 0) + 1;
    this.#polled.set(commandId, polled);
    const ended = polled >= this.polls || (this.cancelled.includes(commandId) && this.pollsToCancel-- <= 0);
    const all = this.#of(commandId);
    const targets = all.length;
    const errors = all.filter(({ status }) => status === 'Failed').length;
    const completed = ended ? targets : all.filter((each) => each.ended).length;
    return { status: ended ? this.endStatus : 'InProgress', ended, targets, completed, errors };
  }
  /** The sets of the hosts that a command has reached and that say that they are done. */
  sets(): readonly Snapshot[] {
    const reached = [...this.#polled.keys()].flatMap((id) => this.#of(id));
    const done = new Set(reached.filter(({ output }) => output.includes('"done"')).map(({ instanceId }) => instanceId));
    return this.targeted.flatMap(({ instanceId }, n) => (done.has(instanceId) ? [memberOf(n + 1)] : []));
  }
  async invocations(commandId: string): Promise<readonly Invocation[]> {
    return this.#of(commandId);
  }
  async invocationsIn(
    statuses: readonly NonSuccessStatus[],
    commandIds: readonly string[],
  ): Promise<readonly Invocation[]> {
    const wanted = new Set<string>(statuses);
    return commandIds.flatMap((id) => this.#of(id)).filter(({ status }) => wanted.has(status));
  }
  async cancel(commandId: string): Promise<void> {
    this.cancelled.push(commandId);
    this.atCancel();
  }
  #of(commandId: string): Invocation[] {
    const scope = this.sent[Number(commandId.replace('command-', '')) - 1]?.scope;
    if (scope === undefined || scope.by === 'tags') return this.answers;
    return this.answers.filter(({ instanceId }) => scope.ids.some((id) => id === instanceId));
  }
}

/** EC2 as far as it keeps sets. */
export class FakeSnapshots implements Snapshots {
  readonly asked: SetChoice[] = [];
  /** All members of all sets. */
  shown: () => readonly Snapshot[];
  /** What is left to complete, look by look. */
  left: number[] = [];

  constructor(shown: () => readonly Snapshot[]) {
    this.shown = shown;
  }
  async ofSets(choice: SetChoice): Promise<readonly Snapshot[]> {
    this.asked.push(choice);
    return this.shown();
  }
  async pending(): Promise<number> {
    return this.left.shift() ?? 0;
  }
  async attachments(): Promise<ReadonlyMap<string, InstanceId>> {
    return new Map();
  }
  async locked(): Promise<ReadonlySet<SnapshotId>> {
    return new Set();
  }
  async delete(): Promise<void> {}
}

/** The one member of a host's set, tagged as a run tags it and IAM stamps it. */
export const memberOf = (n: number, more: Partial<Snapshot> = {}, tags: Tags = {}): Snapshot => ({
  snapshotId: v.parse(SnapshotId, `snap-${n.toString(16).padStart(17, '0')}`),
  volumeId: v.parse(VolumeId, `vol-${n.toString(16).padStart(17, '0')}`),
  state: 'completed',
  startTime: new Date('2026-11-22T03:00:05Z'),
  sizeGiB: 10,
  tags: {
    [TAG.set]: `${RUN}/${host(n)}`,
    [TAG.run]: RUN,
    [TAG.instance]: host(n),
    [TAG.owner]: `AROA:${host(n)}`,
    [TAG.level]: 'application',
    [TAG.grade]: 'application',
    [TAG.members]: '1',
    [TAG.binlog]: 'binlog.000042:1234',
    ...tags,
  },
  ...more,
});

export function recorder(): { events: FleetEvent[]; emit: (event: FleetEvent) => void } {
  const events: FleetEvent[] = [];
  return { events, emit: (event) => void events.push(event) };
}
