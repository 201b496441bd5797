import type { FreezeRecords, Processes } from '../ports.ts';
import { thaw } from './thaw.ts';

/** What became of the mounts that an earlier run may have left frozen. */
export interface Leftovers {
  readonly thawed: readonly string[];
  /** Mount and reason, for a person. */
  readonly failed: readonly string[];
}

/**
 * Puts right what a run that died has left frozen: thaws the mounts that guards of ours recorded, and nothing else.
 * Only for the holder of the run lock: then no guard is left that would do it. Never throws.
 */
export async function thawLeftovers(processes: Processes, records: FreezeRecords): Promise<Leftovers> {
  const thawed: string[] = [];
  const failed: string[] = [];
  for (const record of records.list()) {
    const outcome = await thaw(processes, record.mount);
    if (outcome === 'thawed') thawed.push(record.mount);
    if (typeof outcome === 'string') records.remove(record);
    else failed.push(`${record.mount}: ${outcome.failed}`);
  }
  return { thawed, failed };
}
