import type { Check } from './refusal.ts';

export const noForcedRecovery: Check = ({ server }) =>
  server.forceRecovery === 0
    ? []
    : [
        {
          code: 'server-unsupported',
          message: `the server runs with innodb_force_recovery = ${server.forceRecovery}`,
          hint: 'Repair the server, remove innodb_force_recovery from its option files and restart it.',
        },
      ];
