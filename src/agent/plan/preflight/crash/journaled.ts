import type { UsedMount } from '../../../discovery/facts.ts';
import type { Refusal } from '../refusal.ts';
import { notProvable } from './obligation.ts';

/** Nothing is frozen at level crash: what a file system without a journal looks like then is left to chance. */
export const journaled = (mounts: readonly UsedMount[]): readonly Refusal[] =>
  mounts
    .filter(({ journal }) => journal === 'none')
    .map(({ mountPoint, fsType, source }) =>
      notProvable(
        `the ${fsType} on ${mountPoint} has no journal: it could be damaged in the set`,
        `Unmount it and add a journal: tune2fs -O has_journal ${source}`,
      ),
    );
