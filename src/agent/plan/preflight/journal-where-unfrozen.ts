import { splitMounts } from '../mounts.ts';
import type { Check } from './refusal.ts';

/** Without a journal and without a freeze an image is what fsck finds after a power cut: blocks in use may be marked free. */
export const journalWhereUnfrozen: Check = (facts, request) =>
  splitMounts(facts, request)
    .synced.filter(({ journal }) => journal === 'none')
    .map(({ mountPoint, fsType, source, isRoot }) => ({
      code: 'storage-unfit',
      message: `${mountPoint} would not be frozen, and its ${fsType} has no journal: it could be damaged in the set`,
      hint: isRoot
        ? 'Move what the server keeps there to a file system that can be frozen.'
        : `Add a journal (unmounted: tune2fs -O has_journal ${source}), or leave out --freeze never.`,
    }));
