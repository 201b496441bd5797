import { setTimeout as sleep } from 'node:timers/promises';
import { signalProcess } from '../machine/lab-processes.ts';
import type { AgentRun } from '../standing/agent-run.ts';
import { monotonicMs } from './monotonic.ts';
import type { SoakedHost } from './soaked-host.ts';
import type { PlannedStop } from './stop-plan.ts';
import { within } from './waiting.ts';

/** A stop where nothing is held lasts for this, so that the world goes on without the agent. */
const LEAST_MS = 1_000;
/** Beyond the server's bound and the guard's: what is held for longer is not released while the agent is stopped. */
const MOST_MS = 20_000;

/**
 * Stops the agent, and lets it go on when everything that it held has been released: a commit and a DDL statement have
 * gone through, and every file system takes writes. Answers the milliseconds from the stop to that commit; where all of it
 * does not come in time, those that it was waited for.
 */
export async function stopUntilReleased(
  { lab: { shell }, host, committer, sentinels }: SoakedHost,
  run: AgentRun,
  { whom }: PlannedStop,
): Promise<number> {
  const pid = whom === 'agent' ? run.pid : -run.pid;
  const other = await host.server.connect();
  const at = monotonicMs();
  signalProcess(pid, 'SIGSTOP');
  try {
    const commit = committer.query('INSERT INTO soak.commits VALUES (2)').then(() => monotonicMs() - at);
    const ddl = other.query('CREATE OR REPLACE TABLE soak.ddl (stops INT NOT NULL) ENGINE=InnoDB');
    const thaws = commit.then(() => Promise.all(sentinels.map((sentinel) => sentinel.writeInFlightAt(monotonicMs()))));
    const released = Promise.all([commit, ddl, thaws, sleep(LEAST_MS, undefined, { signal: shell.signal })]);
    return (await within(MOST_MS, released, shell.signal)) === 'late' ? monotonicMs() - at : await commit;
  } finally {
    signalProcess(pid, 'SIGCONT');
    other.destroy();
  }
}
