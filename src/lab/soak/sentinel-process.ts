import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './monotonic.ts';

/** The hidden verb under which the lab starts itself as a sentinel: `write-sentinel FILE`. */
export const SENTINEL_VERB = 'write-sentinel';

export type ToSentinel =
  /** When did the write go through that was in flight at a moment? */
  | { readonly kind: 'in-flight'; readonly at: number }
  /** How long did the longest write take that has ended since a moment? */
  | { readonly kind: 'longest'; readonly since: number }
  /** How many writes have gone through? */
  | { readonly kind: 'count' };
export type FromSentinel =
  | { readonly kind: 'writing' }
  /** Milliseconds, or the count; absent where there was no such write. */
  | { readonly kind: 'answer'; readonly value?: number };

const PAUSE_MS = 1;
/** A write that takes less has not been waiting for a thaw. */
const NOTICEABLE_MS = 1;
const REMEMBERED = 1_000;

interface Write {
  readonly began: number;
  readonly ended: number;
}

/**
 * Writes a byte to a file, again and again: while the file system is frozen a write hangs, and when it goes through
 * the file system has been thawed. A question that comes while a write hangs is answered after it.
 */
export async function runSentinelProcess(file: string): Promise<void> {
  // The parent hangs up at the end, or has died.
  process.on('disconnect', () => process.exit(0));
  // Whoever interrupts the lab interrupts the lab alone; the lab ends its sentinels.
  process.on('SIGINT', () => undefined);
  let slow: Write[] = [];
  let count = 0;
  const answer = (question: ToSentinel): number | undefined => {
    switch (question.kind) {
      case 'in-flight':
        return endOf(slow, question.at);
      case 'longest':
        return longest(slow, question.since);
      case 'count':
        return count;
    }
  };
  process.on('message', (question: ToSentinel) => {
    const value = answer(question);
    tell({ kind: 'answer', ...(value !== undefined && { value }) });
  });
  const descriptor = openSync(file, 'w');
  for (let first = true; ; first = false) {
    const began = monotonicMs();
    writeSync(descriptor, '.', 0);
    const ended = monotonicMs();
    count += 1;
    if (ended - began > NOTICEABLE_MS) slow = [...slow.slice(-REMEMBERED), { began, ended }];
    if (first) tell({ kind: 'writing' });
    await sleep(PAUSE_MS);
  }
}

const endOf = (writes: readonly Write[], at: number): number | undefined =>
  writes.find(({ began, ended }) => began <= at && at <= ended)?.ended;

const longest = (writes: readonly Write[], since: number): number =>
  writes.filter(({ ended }) => ended >= since).reduce((most, { began, ended }) => Math.max(most, ended - began), 0);

function tell(message: FromSentinel): void {
  process.send?.(message);
}
