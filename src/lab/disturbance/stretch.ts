import type { LoadReport } from '../load/ledger.ts';
import { median } from '../median.ts';

/** A time in which a set was taken, or none. Milliseconds of the wall clock. */
export interface Stretch {
  readonly kind: 'with' | 'without';
  readonly from: number;
  readonly to: number;
}

export interface StretchOfLoad extends Stretch {
  /** Of the commits that were under way in it, the longest, in milliseconds. */
  readonly longestCommitMs: number;
}

/** What `disturb --json` prints last. */
export interface DisturbanceReport {
  readonly v: 1;
  readonly outcome: 'done';
  readonly rounds: number;
  /** Medians of the stretches' longest commits, in milliseconds. */
  readonly withSetMs: number;
  readonly withoutMs: number;
  readonly ratio: number;
}

export const stretchesOf = (stretches: readonly Stretch[], { commits }: LoadReport): readonly StretchOfLoad[] =>
  stretches.map((stretch) => ({
    ...stretch,
    longestCommitMs: commits
      .filter(({ sentAt, ackedAt }) => ackedAt >= stretch.from && sentAt <= stretch.to)
      .reduce((longest, { sentAt, ackedAt }) => Math.max(longest, ackedAt - sentAt), 0),
  }));

export function disturbanceOf(stretches: readonly StretchOfLoad[]): DisturbanceReport {
  const longest = (wanted: Stretch['kind']) =>
    median(stretches.filter(({ kind }) => kind === wanted).map(({ longestCommitMs }) => longestCommitMs));
  const [withSetMs, withoutMs] = [longest('with'), longest('without')];
  return {
    v: 1,
    outcome: 'done',
    rounds: stretches.length / 2,
    withSetMs: Math.round(withSetMs),
    withoutMs: Math.round(withoutMs),
    ratio: Number((withSetMs / withoutMs).toFixed(2)),
  };
}
