import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { clock } from '../../src/agent/adapters/clock.ts';
import { processes } from '../../src/agent/adapters/processes.ts';
import type { FileSystem } from '../../src/agent/ports.ts';
import { FREEZE_RECORDS, RUN_LOCK } from '../../src/agent/state-paths.ts';
import { type Guard, startGuard } from '../../src/agent/window/guard.ts';
import { RunId } from '../../src/shared/ids.ts';

/** What a guard finds under /run when a run starts it. */
export function makeStateFolder(): void {
  mkdirSync(FREEZE_RECORDS, { recursive: true, mode: 0o700 });
  writeFileSync(RUN_LOCK, '');
}

/** A real guard of the run `guarded`, in a session of its own, for what is mounted there now. */
export const guardOf = (mounts: readonly string[], windowMs: number): Promise<Guard> =>
  guardOfPlanned(mounts.map(mountedOn), windowMs);

/** The same for file systems that may have been mounted there when they were planned. */
export const guardOfPlanned = (mounts: readonly FileSystem[], windowMs: number): Promise<Guard> =>
  startGuard(processes, clock, { run: v.parse(RunId, 'guarded'), mounts, windowMs, home: 'session' });

export const mountedOn = (mountPoint: string): FileSystem => ({
  mountPoint,
  device: execFileSync('mountpoint', ['--fs-devno', mountPoint], { encoding: 'utf8' }).trim(),
});
