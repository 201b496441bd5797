import { excludedVolumes } from '../members.ts';
import type { Check } from './refusal.ts';

/** [API model] of CreateSnapshots. There is no fallback to one call a volume: that would not be atomic. */
const MAX_EXCLUDED = 40;
const MAX_MEMBERS = 128;

export const exclusionsFit: Check = (facts) => {
  const { dataVolumes } = excludedVolumes(facts);
  const members = facts.storage.members.length;
  return [
    ...(dataVolumes.length > MAX_EXCLUDED
      ? [
          {
            code: 'set-too-large' as const,
            message: `${dataVolumes.length} attached volumes are not the server's; CreateSnapshots can leave out ${MAX_EXCLUDED}`,
            hint: 'Detach the volumes that this instance does not need.',
          },
        ]
      : []),
    ...(members > MAX_MEMBERS
      ? [
          {
            code: 'set-too-large' as const,
            message: `the server's files lie on ${members} volumes; one set holds at most ${MAX_MEMBERS}`,
            hint: 'Put the files on fewer volumes.',
          },
        ]
      : []),
  ];
};
