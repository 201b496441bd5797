import { ERRORS, type ErrorCode, RunError } from '../../shared/errors.ts';
import { type Result, SetLevel } from '../../shared/result.ts';
import { TAG } from '../../shared/tags.ts';
import { isErrorCode } from '../standing/controller-process.ts';
import type { FoundSnapshot } from './find-set.ts';

/** Why a host has no good set of a run. */
export interface Miss {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Why a run left no good set; `undefined` where it left one. While the world changes a run may be refused or fail.
 * Throws the RunError of a run that met a bug, or left a host that needs a person: that it may never.
 */
export function missOf(result: Result | undefined): Miss | undefined {
  if (result?.outcome === 'done') return undefined;
  const { code = 'host-missing', message = 'the host did not report a result' } = result ?? {};
  if (!isErrorCode(code)) throw new RunError('bug', `a run ended with '${code}', which is no code: ${message}`);
  const { exit } = ERRORS[code];
  const isExpected = exit >= 10 && exit < 50;
  if (!isExpected)
    throw new RunError(code, `${result?.instance}: ${message}`, { ...(result?.hint && { hint: result.hint }) });
  return { code, message };
}

/** What is wrong with the snapshots of a run that left no good set: none may be graded as if it had. */
export const falseGrades = (
  miss: Miss,
  snapshots: readonly Pick<FoundSnapshot, 'snapshotId' | 'tags'>[],
): readonly string[] =>
  snapshots.flatMap(({ snapshotId, tags }) => {
    const grade = tags[TAG.grade];
    return SetLevel.options.some((good) => good === grade)
      ? [`the run ended with ${miss.code}, and ${snapshotId} is graded ${grade}`]
      : [];
  });
