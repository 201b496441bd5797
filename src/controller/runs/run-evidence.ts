import type { InstanceId } from '../../shared/ids.ts';
import type { Invocation, SentCommand } from '../ports.ts';
import type { SnapshotSet } from '../sets/snapshot-set.ts';
import type { UnreachableHost } from './reachable.ts';

/** The invocations of commands that have ended. */
export interface Collected {
  readonly invocations: readonly Invocation[];
  /** Whether the invocations of hosts that succeeded are among them. */
  readonly withSuccesses: boolean;
}

/** What a run has learnt of its hosts. Every part of the run adds to it, and the report is made of it. */
export class RunEvidence {
  /** The ids of the run's commands, the oldest first: those of before it was resumed, and all that it has sent. */
  readonly commandIds: Set<string>;
  /** Hosts within reach that were sent no command, and why. */
  readonly leftOut: UnreachableHost[] = [];
  /** The run's sets by instance; absent while EC2 has not been asked (a plan makes none). */
  sets: ReadonlyMap<string, SnapshotSet> | undefined;
  /** Whether every host that has ended is among the invocations; of a large fleet those that succeeded are not. */
  hasSuccesses = true;
  readonly #invocations = new Map<string, Invocation>();

  constructor(earlier: readonly SentCommand[]) {
    this.commandIds = new Set(earlier.map(({ commandId }) => commandId));
  }

  /** The last invocation of each host. */
  get invocations(): readonly Invocation[] {
    return [...this.#invocations.values()];
  }

  add({ invocations, withSuccesses }: Collected): void {
    for (const each of invocations) this.#invocations.set(each.instanceId, each);
    this.hasSuccesses &&= withSuccesses;
  }

  /** These hosts are asked again: what they reported before no longer counts. */
  forget(hosts: readonly InstanceId[]): void {
    for (const host of hosts) this.#invocations.delete(host);
  }
}
