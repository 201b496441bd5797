import { THROTTLED } from '../../src/lab/aws/behaviour.ts';
import type { RecordedCall } from '../../src/lab/aws/call-record.ts';

export interface CallCounts {
  /** Up to the answer of the last SendCommand: the document, the inventory, the commands. */
  readonly before: number;
  /** All that is asked afterwards, refused requests included. */
  readonly collection: number;
  readonly throttled: number;
  /** Throttled, and never again asked with success. */
  readonly lostToThrottling: number;
  /** Of the collection, by action. */
  readonly byAction: Readonly<Record<string, number>>;
}

const REFUSALS: ReadonlySet<string | undefined> = new Set(Object.values(THROTTLED).map(({ code }) => code));

/** What a run of the controller has asked of AWS. Pure. */
export function countCalls(calls: readonly RecordedCall[]): CallCounts {
  const before = calls.findLastIndex(({ action }) => action === 'SendCommand') + 1;
  const collection = calls.slice(before);
  const lastSuccess = new Map<string, number>();
  for (const [index, call] of calls.entries()) if (call.outcome === 'ok') lastSuccess.set(request(call), index);
  const throttled = [...calls.entries()].filter(([, { outcome }]) => REFUSALS.has(outcome));
  const byAction: Record<string, number> = {};
  for (const { action } of collection) byAction[action] = (byAction[action] ?? 0) + 1;
  return {
    before,
    collection: collection.length,
    throttled: throttled.length,
    lostToThrottling: throttled.filter(([index, call]) => (lastSuccess.get(request(call)) ?? -1) < index).length,
    byAction,
  };
}

const request = ({ action, parameters }: RecordedCall): string => `${action} ${JSON.stringify(parameters)}`;
