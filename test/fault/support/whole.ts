import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { FREEZE_TIMEOUT_SECONDS, type Scene } from './scene.ts';

/** The longest that a guard may live after its agent: its own deadline, and then the thaw's (window/guard.ts). */
const GUARD_GRACE_SECONDS = 2;
const THAW_SECONDS = 10;
export const GUARD_MS = (FREEZE_TIMEOUT_SECONDS + GUARD_GRACE_SECONDS + THAW_SECONDS) * 1000;
/** Once nothing is held any more a commit waits for nobody but the disk; the server's own release (window/read-lock.ts). */
export const RELEASE_MS = 5_000;
const POLL_MS = 20;

/** Whatever became of the run, nothing of it is left: no process, no freeze, no lock, no session. */
export async function expectHostWhole({ host, processes, server, freezeRecords, runLockIsFree }: Scene): Promise<void> {
  await processes.until('without a process of the run', (living) => living.length === 0, GUARD_MS);
  expect(host.frozen()).toEqual([]);
  expect(freezeRecords()).toEqual([]);
  expect(runLockIsFree()).toBe(true);
  await host.writer.commitsWithin(RELEASE_MS);
  await sessionIsGone();

  async function sessionIsGone(): Promise<void> {
    const giveUp = performance.now() + RELEASE_MS;
    const sql = `SELECT ID, STATE, INFO FROM information_schema.PROCESSLIST WHERE ID = ${server.connectionId ?? 0}`;
    for (;;) {
      const sessions = await host.query(sql);
      if (sessions.length === 0) return;
      if (performance.now() > giveUp) throw new Error(`the agent's session lives on: ${JSON.stringify(sessions)}`);
      await sleep(POLL_MS);
    }
  }
}
