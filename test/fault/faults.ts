import { expect, vi } from 'vitest';
import { signalWasTaken } from '../support/signal-taken.ts';
import type { LivingProcess } from './support/processes-within.ts';
import type { Scene } from './support/scene.ts';
import { GUARD_MS, RELEASE_MS } from './support/whole.ts';
import { within } from './support/within.ts';

/** All that may go wrong at a step. What each does, beginning when the run has been stopped there: */
export const FAULTS = {
  /** The step's work is not done, and it answers with an error. */
  throws: async ({ stop }) => stop.say('refuse'),
  /** It does not answer; its work is done only when the run has long ended. */
  hangs: async ({ stop }) => {
    stop.hangs = true;
  },
  /** Its work is done, and the answer does not come through. */
  'the answer is lost': async ({ stop }) => stop.say('lose'),
  'SIGTERM to the agent': async ({ pid, stop }) => {
    process.kill(pid, 'SIGTERM');
    await signalWasTaken(pid);
    stop.say('go');
  },
  'the agent is killed': async (scene) => {
    process.kill(scene.pid, 'SIGKILL');
    await agentIsGone(scene);
    scene.stop.say('go');
  },
  'the guard is killed': async (scene) => {
    await killGuard(scene);
    scene.stop.say('go');
  },
  /** As Systems Manager does at a timeout or a cancel. */
  'the group is killed': async (scene) => {
    process.kill(-scene.pid, 'SIGKILL');
    await agentIsGone(scene);
    scene.stop.say('go');
  },
  /** Neither lives to see the other die. */
  'agent and guard are killed': async (scene) => {
    process.kill(scene.pid, 'SIGSTOP');
    await killGuard(scene);
    process.kill(scene.pid, 'SIGKILL');
    await agentIsGone(scene);
    scene.stop.say('go');
  },
  /**
   * As by a cgroup's freezer, or a page fault on a root disk that stalls: the agent neither dies nor goes on until the guard
   * and the server have ended all that waited for it.
   */
  'the agent is stopped': async (scene) => {
    const { host, pid, processes, server, stop, lockSeconds, freezeRecords } = scene;
    process.kill(pid, 'SIGSTOP');
    const isStopped = (living: readonly LivingProcess[]) =>
      living.some((each) => each.pid === pid && each.state === 'T');
    await processes.until('stopped', isStopped, GONE_MS);
    stop.say('go');
    if (lockSeconds !== undefined) {
      const boundMs = lockSeconds * 1000 + RELEASE_MS;
      await within(boundMs, 'the server did not end the session of an agent that is stopped', server.serverLetGo());
      // A record stands while anything may be frozen: before that, to look whether it is would be in the guard's way.
      await vi.waitUntil(() => freezeRecords().length === 0, { timeout: GUARD_MS, interval: POLL_MS });
    }
    await within(RELEASE_MS, 'DDL waits for an agent that is stopped', host.query(DDL));
    await host.writer.commitsWithin(RELEASE_MS);
    expect(host.frozen()).toEqual([]);
    process.kill(pid, 'SIGCONT');
  },
  /** One of them, of which the agent is told nothing. */
  'the thawer is gone before the order': async ({ pid, processes, stop }) => {
    const thawer = (await processes.list()).filter(isOfGuard(pid)).find((each, _, guard) => {
      const holder = guard.find((other) => other.pid === each.parent);
      return holder !== undefined && holder.parent === each.session;
    });
    if (thawer === undefined) throw new Error('the guard has no thawer');
    process.kill(thawer.pid, 'SIGKILL');
    await processes.until('gone', (living) => living.every((each) => each.pid !== thawer.pid), GONE_MS);
    stop.say('go');
  },
  'the connection is killed': async ({ host, server, stop }) => {
    await host.query(`KILL ${server.connectionId}`);
    await serverLetGo(server);
    stop.say('go');
  },
  'the server is shut down': async ({ host, server, stop }) => {
    await host.shutDown();
    await serverLetGo(server);
    stop.say('go');
  },
  /** The device below all file systems of the server does no more writes. */
  'the device stalls': async ({ host, stop, unwritten }) => {
    // A binary log that has just been synced is noticed by nobody, and so is a redo log.
    if (unwritten === 'a commit') await host.writer.commitsWithin(COMMIT_MS);
    host.storage.stall();
    if (unwritten === 'a row') await host.writeUncommitted();
    stop.say('go');
  },
} as const satisfies Record<string, (scene: Scene) => Promise<void>>;

export type FaultName = keyof typeof FAULTS;

const GONE_MS = 10_000;
const POLL_MS = 10;
const DDL = 'CREATE OR REPLACE TABLE uncommitted.made_by_ddl (number BIGINT) ENGINE=InnoDB';
const COMMIT_MS = 10_000;

const agentIsGone = ({ pid, processes }: Scene) =>
  processes.until('gone', (living) => living.every((each) => each.pid !== pid), GONE_MS);

const serverLetGo = (server: Scene['server']) =>
  within(GONE_MS, 'the server did not end the connection of the agent', server.serverLetGo());

/** All processes of the guard, and what it has started: they live in a session of their own. */
const isOfGuard = (agent: number) => (each: LivingProcess) => each.session !== agent;

async function killGuard({ pid, processes }: Scene): Promise<void> {
  const isGuard = isOfGuard(pid);
  // Stopped first, all of them: none lives to act on the end of another.
  await processes.signal('SIGSTOP', isGuard);
  await processes.signal('SIGKILL', isGuard);
  await processes.until('gone', (living) => !living.some(isGuard), GONE_MS);
}
