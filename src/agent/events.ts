import type { Coordinates } from '../shared/coordinates.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { Grade, Level, SetLevel } from '../shared/result.ts';
import type { WarningCode } from '../shared/warnings.ts';

/**
 * Everything that can happen in a run, in the order in which it happens. The core emits these and prints
 * nothing; log, terminal text and the JSON result are presenters of this one stream, so they cannot differ.
 * None is emitted between the lock and the unlock: what happened there is told afterwards.
 * The name of a time is or ends in its unit: `ms`, `stallMs`, `timeoutSeconds`.
 */
export type Event =
  | { type: 'run-started'; run: string; level: Level; version: string }
  | { type: 'instance-known'; instance: string; region: string }
  | { type: 'server-known'; server: string; address: string; id: number; datadir: string }
  | {
      type: 'planned';
      set: string;
      level: SetLevel;
      /** Where `auto` was asked for: what speaks against `crash`. */
      notCrashBecause?: string;
      volumes: readonly string[];
      freezes: readonly string[];
      syncs: readonly string[];
      excludes: number;
    }
  | { type: 'warned'; code: WarningCode; message: string }
  | { type: 'guard-ready'; mounts: number }
  | { type: 'appliers-stopped'; channels: number }
  | { type: 'permission-proven' }
  | { type: 'lock-asked'; attempt: number; attempts: number; timeoutSeconds: number }
  | { type: 'lock-not-granted'; attempt: number; stallMs: number }
  | { type: 'coordinates-recorded'; coordinates: Coordinates }
  | { type: 'set-created'; set: string; snapshots: readonly string[]; apiMs: number }
  | { type: 'window-closed'; stallMs: number; frozenMs?: number }
  | { type: 'proof'; name: string; held: boolean; detail: string }
  | { type: 'looked-up'; set: string; found: readonly string[] }
  | { type: 'graded'; grade: Grade }
  | { type: 'run-ended'; ms: number; ending: 'done' | { code: ErrorCode; message: string; hint: string } };

/** How an event is logged. */
export type LogLevel = 'info' | 'warn' | 'error';
