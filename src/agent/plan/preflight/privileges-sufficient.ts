import type { ServerFacts } from '../../discovery/facts.ts';
import { holds } from '../../discovery/privileges.ts';
import { replicaStatusPrivileges } from '../../discovery/replica.ts';
import { atLeast, superIsAll } from '../../discovery/server-version.ts';
import { planLock } from '../lock-plan.ts';
import type { DecidedRequest } from '../snapshot-plan.ts';
import type { Check } from './refusal.ts';

interface Need {
  /** What is granted to the least account, and on what. */
  readonly privilege: string;
  readonly on: string;
  /** Any of these will do; upper case, as the facts have them. */
  readonly anyOf: readonly string[];
}

/** What the run will ask of the server has to be allowed, and that is found out before it is asked. */
export const privilegesSufficient: Check = ({ server }, request) => {
  const missing = needed(server, request).filter(({ anyOf }) => !anyOf.some((name) => holds(server.privileges, name)));
  if (missing.length === 0) return [];
  const grants = [...new Set(missing.map(({ on }) => on))].map((on) => {
    const names = missing.filter((need) => need.on === on).map(({ privilege }) => privilege);
    return `GRANT ${names.join(', ')} ON ${on} TO <the account>;`;
  });
  return [
    {
      code: 'server-denied',
      message: `the agent's account on the server lacks ${missing.map(({ privilege, on }) => (on === '*.*' ? privilege : `${privilege} on ${on}`)).join(', ')}`,
      hint: `${grants.join(' ')} (SELECT CURRENT_USER() names the account.)`,
    },
  ];
};

const globally = (privilege: string, ...others: readonly string[]): Need => ({
  privilege,
  on: '*.*',
  anyOf: [privilege, ...others],
});

function needed(server: ServerFacts, request: DecidedRequest): readonly Need[] {
  const { kind, ddl } = planLock(server);
  const lock = request.level === 'application' ? planLock(server) : undefined;
  const needs = [
    ...(lock !== undefined || ddl?.take[0]?.startsWith('BACKUP STAGE') ? [globally('RELOAD')] : []),
    // Shows everybody's statements, and where InnoDB keeps its files.
    globally('PROCESS'),
    ...(kind === 'instance-then-ftwrl' ? [globally('BACKUP_ADMIN')] : []),
    ...(server.binlogEnabled ? [coordinatesPrivilege(server)] : []),
    replicaPrivilege(server),
    // The redo log's LSN, the witness of the lock, and the keyring's state (even where the rest is switched off).
    ...(kind === 'instance-then-ftwrl' ? [performanceSchema] : []),
    ...(lock === undefined || !request.stopReplicaSql || !server.replica ? [] : [applierPrivilege(server)]),
    ...(lock === undefined || request.killLongQueriesAfterSeconds === undefined ? [] : [killPrivilege(server)]),
  ];
  return needs.filter((need, index) => needs.findIndex(({ privilege }) => privilege === need.privilege) === index);
}

/** Whether it is a replica, and how far it has got, is shown to those who hold it alone. */
function replicaPrivilege({ version }: ServerFacts): Need {
  const [least = '', ...others] = replicaStatusPrivileges(version);
  return globally(least, ...others);
}

const performanceSchema: Need = {
  privilege: 'SELECT',
  on: 'performance_schema.*',
  anyOf: ['SELECT', 'SELECT ON PERFORMANCE_SCHEMA.*'],
};

/** To kill the statements of others. MySQL 8.0 and MariaDB 10.5 cut it out of SUPER. */
function killPrivilege({ version }: ServerFacts): Need {
  const [name, major, minor] = version.flavour === 'mariadb' ? ['CONNECTION ADMIN', 10, 5] : ['CONNECTION_ADMIN', 8, 0];
  if (!atLeast(version, major, minor)) return globally('SUPER');
  return superIsAll(version) ? globally(name, 'SUPER') : globally(name);
}

/** To stop and start the appliers. MySQL 8.0 and MariaDB 10.5 cut it out of SUPER. */
function applierPrivilege({ version }: ServerFacts): Need {
  if (version.flavour === 'mariadb')
    return atLeast(version, 10, 5) ? globally('REPLICATION SLAVE ADMIN', 'SUPER') : globally('SUPER');
  return atLeast(version, 8, 0) ? globally('REPLICATION_SLAVE_ADMIN', 'SUPER') : globally('SUPER');
}

/** MariaDB 10.5 renamed the privilege, and its SHOW GRANTS uses the new name. */
function coordinatesPrivilege({ version }: ServerFacts): Need {
  const renamed = version.flavour === 'mariadb' && atLeast(version, 10, 5);
  return renamed ? globally('BINLOG MONITOR') : globally('REPLICATION CLIENT', 'SUPER');
}
