import type { ServerFacts } from '../../discovery/facts.ts';
import { holds } from '../../discovery/server-facts.ts';
import { planLock } from '../lock-plan.ts';
import type { Check } from './refusal.ts';

/** What the run will ask of the server has to be allowed, and that is found out before it is asked. */
export const privilegesSufficient: Check = ({ server }) => {
  const missing = needed(server).filter((anyOf) => !anyOf.some((privilege) => holds(server.privileges, privilege)));
  if (missing.length === 0) return [];
  const names = missing.map(([name]) => name).join(', ');
  return [
    {
      code: 'server-denied',
      message: `the account of the agent lacks ${names}`,
      hint: `GRANT ${names} ON *.* TO that account (SELECT CURRENT_USER() names it).`,
    },
  ];
};

/** Each entry: the least privilege, then others that allow the same. */
function needed(server: ServerFacts): readonly (readonly [string, ...string[]])[] {
  const lock = planLock(server);
  // PROCESS: everybody's statements in the process list, and where InnoDB keeps its files.
  return [
    ['RELOAD'],
    ['PROCESS'],
    ...(lock.kind === 'instance-then-ftwrl' ? ([['BACKUP_ADMIN']] as const) : []),
    ...(server.binlogEnabled ? [coordinatesPrivilege(server)] : []),
  ];
}

/** MariaDB 10.5 renamed the privilege, and its SHOW GRANTS uses the new name. */
function coordinatesPrivilege({ version }: ServerFacts): readonly [string, ...string[]] {
  const renamed = version.flavour === 'mariadb' && (version.major > 10 || (version.major === 10 && version.minor >= 5));
  return renamed ? ['BINLOG MONITOR'] : ['REPLICATION CLIENT', 'SUPER'];
}
