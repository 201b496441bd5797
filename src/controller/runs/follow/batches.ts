import type { InstanceId } from '../../../shared/ids.ts';
import { portions } from '../../collections.ts';
import { SEND_LIMITS } from '../../targets/scope.ts';

/** Commands for hosts by id, each of at most 50 as SendCommand takes them. */
export interface Batches {
  readonly batches: readonly (readonly InstanceId[])[];
  /** For each of them, as SendCommand has it; absent: its default. */
  readonly maxConcurrency: string | undefined;
  /** How many of them may be under way at the same time. */
  readonly atATime: number;
}

/** What Systems Manager takes for MaxConcurrency where nothing is said [doc]. */
const DEFAULT_CONCURRENCY = 50;

/** Shares hosts out over commands, so that `maxConcurrency` (hosts, or a percentage of these) holds for all together. */
export function shareOut(hosts: readonly InstanceId[], maxConcurrency: string | undefined): Batches {
  const batches = portions(hosts, SEND_LIMITS.ids);
  if (batches.length <= 1) return { batches, maxConcurrency, atATime: 1 };
  const most = Math.max(hostsOf(maxConcurrency ?? `${DEFAULT_CONCURRENCY}`, hosts.length), 1);
  return {
    batches,
    maxConcurrency: String(Math.min(most, SEND_LIMITS.ids)),
    atATime: Math.max(Math.floor(most / SEND_LIMITS.ids), 1),
  };
}

/** `10` or `10%` of so many hosts; a part of a host counts for none. */
export const hostsOf = (share: string, hosts: number): number =>
  share.endsWith('%') ? Math.floor((Number(share.slice(0, -1)) * hosts) / 100) : Number(share);
