import { printable } from '../../shared/printable.ts';
import type { Result } from '../../shared/result.ts';

/** The result for a person at a terminal. */
export function summary(result: Result): string {
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    ['outcome', result.outcome],
    ['set', result.set],
    ['grade', result.grade],
    ['snapshots', result.snapshots?.join(' ')],
    ['binary log', result.binlog],
    ['GTID', result.gtid],
    ['stall', stallOf(result)],
    ['frozen', milliseconds(result.frozenMs)],
    ['message', result.message],
    ['hint', result.hint],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(11)}${printable(String(value))}\n`)
    .join('');
}

const milliseconds = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : `${ms} ms`);

/** Where the lock took several tries, the longest stall and all of them together. */
function stallOf({ stallMs, stallTotalMs }: Result): string | undefined {
  const isSum = stallTotalMs !== undefined && stallTotalMs !== stallMs;
  return isSum
    ? `${milliseconds(stallMs)} (in all tries together ${milliseconds(stallTotalMs)})`
    : milliseconds(stallMs);
}
