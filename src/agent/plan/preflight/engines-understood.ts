import { ENGINES_UNDERSTOOD } from '../../discovery/engines.ts';
import { canSeeAllTables } from '../../discovery/recovery.ts';
import type { Check } from './refusal.ts';

export const enginesUnderstood: Check = ({ server }) =>
  server.enginesInUse
    .filter((engine) => !ENGINES_UNDERSTOOD.includes(engine))
    .map((engine) => ({
      code: 'server-unsupported',
      message: `the server uses the engine ${engine}, of whose files and locks nothing is known here`,
      hint: `Convert its tables or remove the engine.${canSeeAllTables(server.privileges) ? '' : SEE_ALL_TABLES}`,
    }));

/** Without it every engine that is enabled counts as used. */
const SEE_ALL_TABLES =
  ' If no table uses it, let the agent see that: GRANT SHOW VIEW ON *.* TO <the account>; (SELECT CURRENT_USER() names the account.)';
