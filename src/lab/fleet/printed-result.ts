import { ERRORS, type ErrorCode } from '../../shared/errors.ts';
import { type InstanceId, type RunId, setId } from '../../shared/ids.ts';
import { type Grade, outcomeOf, type Result } from '../../shared/result.ts';
import type { Fate } from './fates.ts';
import type { PlannedHost } from './plan-fleet.ts';
import { snapshotIds } from './simulated-set.ts';

/** What a host's agent does: the code that it ends with, and the grade of the set that it leaves. */
interface Deed {
  readonly code: 'done' | ErrorCode;
  readonly grade: Grade | undefined;
}

const DONE: Deed = { code: 'done', grade: 'application' };

const PRINTED: Partial<Readonly<Record<Fate, Deed>>> = {
  done: DONE,
  'member-fails': DONE,
  'member-fails-late': DONE,
  'lock-timeout': { code: 'lock-timeout', grade: undefined },
  'set-broken': { code: 'set-broken', grade: 'broken' },
  'grade-unwritten': { code: 'grade-unwritten', grade: 'unproven' },
  'storage-unfit': { code: 'storage-unfit', grade: undefined },
  'thaw-failed': { code: 'thaw-failed', grade: 'unproven' },
};

/** The grade of the set that a host leaves, whether it prints anything or not; `undefined` where it leaves none. */
export const gradeLeft = (fate: Fate): Grade | undefined =>
  fate === 'killed-with-set' ? 'unproven' : PRINTED[fate]?.grade;

/** The result line of a host; `undefined` where it prints none. Pure. */
export function printedResult(host: PlannedHost, run: RunId): Result | undefined {
  const deed = PRINTED[host.fate];
  if (deed === undefined) return undefined;
  const { instanceId: instance, server, runMs: ms } = host;
  const common = { v: 1, run, instance, level: 'application', server, ms } as const;
  const left = deed.grade === undefined ? {} : { grade: deed.grade, ...setPart(host, run, instance) };
  if (deed.code === 'done') return { ...common, outcome: 'done', ...left };
  const { meaning, hint } = ERRORS[deed.code];
  return {
    ...common,
    outcome: outcomeOf(deed.code),
    code: deed.code,
    message: `${host.name}: ${meaning}`,
    hint,
    ...left,
  };
}

function setPart(host: PlannedHost, run: RunId, instance: InstanceId): Partial<Result> {
  const { stallMs, frozenMs, apiMs, binlog, gtid } = host;
  const snapshots = snapshotIds(host, run);
  const coordinates = { binlog, ...(gtid !== undefined && { gtid }) };
  return { set: setId(run, instance), members: snapshots.length, stallMs, frozenMs, apiMs, ...coordinates, snapshots };
}
