import type { RunError } from '../../shared/errors.ts';
import type { Verdict } from './plan-prune.ts';

/** What was decided of every set, and what became of those that were to be deleted. */
export interface PruneReport {
  readonly verdicts: readonly PrunedVerdict[];
  readonly ending: 'done' | 'prune-incomplete' | 'cancelled';
}

export interface PrunedVerdict extends Verdict {
  /** Of a set that is to be deleted: whether it is; absent where it was not tried. */
  readonly deleted?: true;
  /** Why it could not be deleted, or not as a whole. */
  readonly failure?: RunError;
}
