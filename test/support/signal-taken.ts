import { existsSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';

const WAIT = { timeout: 30_000, interval: 5 };

/** Waits until a process's handler of a signal has been called, and it waits for the next event or has ended. */
export async function signalWasTaken(pid: number): Promise<void> {
  await vi.waitFor(() => {
    if (!existsSync(`/proc/${pid}/status`)) return;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const isPending = /^(Shd|Sig)Pnd:\t0*[1-9a-f]/m.test(status);
    if (isPending || !/^State:\t[SZ]/m.test(status)) throw new Error(`process ${pid} has not taken the signal`);
  }, WAIT);
}
