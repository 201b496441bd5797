import { formatBinlog } from '../../shared/coordinates.ts';
import { outcomeOf, type Result } from '../../shared/result.ts';
import type { Event } from '../events.ts';

/** The result of a run, told by its events alone, whatever became of it. Pure. */
export function resultOf(events: readonly Event[]): Result {
  let result: Result = { v: 1, run: '', outcome: 'failed' };
  for (const event of events) result = { ...result, ...contribution(event, result) };
  return result;
}

function contribution(event: Event, soFar: Result): Partial<Result> {
  switch (event.type) {
    case 'run-started':
      return { run: event.run, level: event.level };
    case 'instance-known':
      return { instance: event.instance };
    case 'server-known':
      return { server: event.server };
    case 'planned':
      return { set: event.set, level: event.level, members: event.volumes.length };
    case 'warned':
      return { warnings: [...(soFar.warnings ?? []), event.code] };
    case 'coordinates-recorded': {
      const { binlog, gtid } = event.coordinates;
      return { ...(binlog && { binlog: formatBinlog(binlog) }), ...(gtid && { gtid }) };
    }
    case 'lock-not-granted':
      return stalls(event.stallMs, soFar);
    case 'window-closed':
      return {
        ...stalls(event.stallMs, soFar),
        ...(event.frozenMs !== undefined && { frozenMs: event.frozenMs }),
      };
    case 'set-created':
      return { grade: 'unproven', apiMs: event.apiMs, snapshots: [...event.snapshots] };
    case 'looked-up':
      return event.found.length > 0 ? { grade: 'unproven', snapshots: [...event.found] } : {};
    case 'graded':
      return { grade: event.grade };
    case 'run-ended': {
      if (event.ending === 'done') return { outcome: 'done', ms: event.ms };
      const { code, message, hint } = event.ending;
      return { outcome: outcomeOf(code), code, message, hint, ms: event.ms };
    }
    default:
      return {};
  }
}

/** With several tries for the lock there are several stalls: the longest, and all of them together. */
const stalls = (stallMs: number, soFar: Result): Pick<Result, 'stallMs' | 'stallTotalMs'> => ({
  stallMs: Math.max(stallMs, soFar.stallMs ?? 0),
  stallTotalMs: stallMs + (soFar.stallTotalMs ?? 0),
});
