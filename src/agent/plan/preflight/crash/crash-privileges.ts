import { canSeeAllTables, mayListPrepared } from '../../../discovery/recovery.ts';
import type { Obligation } from './obligation.ts';

/** What may not be seen is not proven. */
export const crashPrivileges: Obligation = ({ privileges, version }) => {
  const missing = [
    ...(canSeeAllTables(privileges) ? [] : ['SHOW VIEW']),
    ...(mayListPrepared(version, privileges) ? [] : ['XA_RECOVER_ADMIN']),
  ];
  if (missing.length === 0) return [];
  return [
    {
      code: 'server-denied',
      message: `the agent's account on the server lacks ${missing.join(', ')}: without it the proofs of level crash cannot be looked for`,
      hint: `GRANT ${missing.join(', ')} ON *.* TO <the account>; (SELECT CURRENT_USER() names the account.)`,
    },
  ];
};
