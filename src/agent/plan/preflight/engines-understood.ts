import { ENGINES_UNDERSTOOD } from '../../discovery/engines.ts';
import type { Check } from './refusal.ts';

export const enginesUnderstood: Check = ({ server }) =>
  server.enginesInUse
    .filter((engine) => !ENGINES_UNDERSTOOD.includes(engine))
    .map((engine) => ({
      code: 'server-unsupported',
      message: `the server uses the engine ${engine}, of whose files and locks nothing is known here`,
      hint: `Convert its tables or remove the engine; if no table uses it, GRANT SELECT ON *.* to this account lets the agent see that.`,
    }));
