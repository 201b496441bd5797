import { ERRORS, type ErrorCode } from '../../shared/errors.ts';
import { TAG, type Tags } from '../../shared/tags.ts';
import type { Ending } from '../standing/agent-run.ts';

/** What a run said, and what is true. */
export interface Evidence {
  readonly ending: Pick<Ending, 'status' | 'signal' | 'result'>;
  /** The tags of the run's snapshots, as EC2 has them. */
  readonly snapshots: readonly Tags[];
  /** How many snapshots a whole set of this host has at the least. */
  readonly members: number;
  /** What was seen while EC2 took the set; absent where it took none. */
  readonly truth: Truth | undefined;
}

export interface Truth {
  /** What the server's files lay on and the set does not hold, in words. */
  readonly uncovered: readonly string[];
  /** What was acknowledged before and is not in the image, in words; none where the image was not looked into. */
  readonly lost: readonly string[];
  /** What was not frozen all the while, in words. */
  readonly unfrozen: readonly string[];
  /** The GTID position at the end of the binary log, as it was then. */
  readonly gtidAtEnd: string;
  /** The GTID position at the place that the set's binlog tag names; absent where that is no place in the log. */
  readonly gtidAtTag: string | undefined;
}

/** What a run claims of itself and of its set and is not true, as sentences; none for a correct run. */
export function falseClaims(evidence: Evidence): readonly string[] {
  return [...falseResultClaims(evidence), ...falseGradeClaims(evidence)];
}

/**
 * A set graded `application` is whole, was frozen, holds whatever had been acknowledged, and its coordinates are where the
 * binary log ended.
 */
function falseGradeClaims({ snapshots, members, truth }: Evidence): readonly string[] {
  if (!snapshots.some((tags) => tags[TAG.grade] === 'application')) return [];
  const claims: string[] = [];
  const told = new Set(snapshots.map((tags) => tags[TAG.members]));
  if (snapshots.length < members || told.size !== 1 || !told.has(String(snapshots.length))) {
    const tagged = [...told].join(' and ');
    claims.push(`graded application with ${snapshots.length} of ${members} snapshots, tagged as ${tagged}`);
  }
  const flaws = truth ? [...truth.unfrozen, ...truth.uncovered, ...truth.lost] : ['nobody saw it taken'];
  for (const what of flaws) claims.push(`graded application, but ${what}`);
  for (const tags of snapshots) {
    const [binlog, gtid] = [tags[TAG.binlog], tags[TAG.gtid]];
    if (gtid !== truth?.gtidAtEnd) claims.push(`tagged gtid ${gtid}, the binary log ended at ${truth?.gtidAtEnd}`);
    // Not the place itself: a rotation in the window moves it and commits nothing.
    if (truth?.gtidAtTag !== truth?.gtidAtEnd) {
      claims.push(`tagged ${binlog}, which is gtid ${truth?.gtidAtTag}; the binary log ended at ${truth?.gtidAtEnd}`);
    }
  }
  return [...new Set(claims)];
}

/** The result and the exit status against each other, and against what EC2 has. */
function falseResultClaims({ ending: { status, signal, result }, snapshots, members }: Evidence): readonly string[] {
  if (!result) return signal === null ? [`ended with ${status} and no result`] : [];
  const claims: string[] = [];
  const { outcome, code, grade } = result;
  const due = outcome === 'done' ? 0 : ERRORS[code as ErrorCode]?.exit;
  // A run that was killed after it had told its result has no exit status.
  if (signal === null && status !== due) claims.push(`says ${code ?? outcome} and ends with ${status}`);
  if (code === 'bug') claims.push(`says that it met an error it did not foresee: ${result.message}`);

  const grades = [...new Set(snapshots.map((tags) => tags[TAG.grade]))];
  const has = `EC2 has ${snapshots.length} snapshots graded ${grades.join(' and ') || 'nothing'}`;
  if (outcome === 'done') {
    if (grade !== 'application' || grades.join() !== grade || snapshots.length < members) {
      claims.push(`says done and ${grade}, ${has}`);
    }
  } else if (grade !== undefined) {
    if (grades.join() !== grade) claims.push(`says ${grade}, ${has}`);
  } else if (outcome === 'unsafe') {
    if (grades.some((each) => each !== 'unproven')) claims.push(`says ${code}, ${has}`);
  } else if (snapshots.length > 0) {
    claims.push(`says ${code} and names no set, ${has}`);
  }
  return claims;
}
