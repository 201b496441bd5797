import type { Operation } from './ports.ts';

/** A host that is at work, and since when. */
export interface HostAtWork {
  readonly instance: string;
  readonly name: string;
  readonly since: Date;
}

/** Everything that can happen in a run over the fleet. The stories emit these and print nothing; `report/` presents them. */
export type FleetEvent =
  | { type: 'run-started'; operation: Operation; run: string; document: string; version: string }
  | { type: 'inventory-taken'; targeted: number; reachable: number }
  | { type: 'host-left-out'; instance: string; name: string; message: string }
  | { type: 'command-sent'; commandId: string; hosts: number | undefined }
  | { type: 'send-unclear'; message: string }
  | { type: 'resuming'; commands: number }
  | { type: 'wave-started'; wave: number; waves: number; hosts: number }
  | { type: 'halted'; wave: number; waves: number; hosts: number }
  | { type: 'completing'; pending: number }
  | { type: 'progress'; targets: number; completed: number; errors: number }
  | { type: 'looked'; atWork: readonly HostAtWork[]; longestStallMs: number | undefined }
  | { type: 'sets-deleted'; sets: number; of: number }
  | { type: 'cancelling'; commands: number }
  | { type: 'taking-back'; commandId: string; hosts: number }
  | { type: 'warned'; message: string };

export type EmitFleet = (event: FleetEvent) => void;
