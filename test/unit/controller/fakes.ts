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
  SendAnswer,
  SentCommand,
} from '../../../src/controller/ports.ts';
import { InstanceId, RunId } from '../../../src/shared/ids.ts';
import type { Result } from '../../../src/shared/result.ts';

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
  instanceId: host(n),
  status: 'Success',
  ended: true,
  began: true,
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
      if (signal?.aborted === true) return;
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

  async instances(): Promise<readonly FleetInstance[]> {
    return this.targeted;
  }
  async managed(): Promise<readonly ManagedNode[]> {
    return this.nodes;
  }
  async send(request: CommandRequest): Promise<SendAnswer> {
    this.sent.push(request);
    return this.answerTo(this.sent.length);
  }
  async sentSince(): Promise<readonly SentCommand[]> {
    return this.found;
  }
  async progress(commandId: string): Promise<CommandProgress | undefined> {
    const polled = (this.#polled.get(commandId) ?? 0) + 1;
    this.#polled.set(commandId, polled);
    const ended = polled >= this.polls || (this.cancelled.includes(commandId) && this.pollsToCancel-- <= 0);
    const all = this.#of(commandId);
    const targets = all.length;
    const completed = ended ? targets : all.filter((each) => each.ended).length;
    return { status: ended ? this.endStatus : 'InProgress', ended, targets, completed, errors: 0 };
  }
  async invocations(commandId: string): Promise<readonly Invocation[]> {
    return this.#of(commandId);
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

export function recorder(): { events: FleetEvent[]; emit: (event: FleetEvent) => void } {
  const events: FleetEvent[] = [];
  return { events, emit: (event) => void events.push(event) };
}
