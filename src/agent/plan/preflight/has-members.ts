import type { Check } from './refusal.ts';

/** Where nothing was resolved the other checks say why; a set of nothing must not pass all the same. */
export const hasMembers: Check = ({ storage }) =>
  storage.members.length > 0 || storage.unresolved.length > 0
    ? []
    : [
        {
          code: 'volume-unresolved',
          message: 'the files of the server lie on no volume',
          hint: 'Please report this with the output of `mysql-ebs-snapshot-agent capture FILE`.',
        },
      ];
