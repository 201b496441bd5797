import type { ServerFacts } from '../discovery/facts.ts';
import { replicaStatus } from '../discovery/replica.ts';
import { atLeast } from '../discovery/server-version.ts';
import type { ApplierPlan } from '../ports.ts';

/** A name that ends no literal, whatever the server's sql_mode. */
const QUOTABLE = /^[^'"`\\\p{C}]*$/u;

/** The channels whose names go into no statement. */
export const unquotableChannels = ({ replica }: ServerFacts): readonly string[] =>
  (replica?.channels ?? []).map(({ name }) => name).filter((name) => !QUOTABLE.test(name));

/** `undefined` where nothing is applied: what was stopped by somebody else is not ours to start. */
export function planAppliers({ version, replica }: ServerFacts): ApplierPlan | undefined {
  const channels = (replica?.channels ?? [])
    .filter(({ name, applying }) => applying && QUOTABLE.test(name))
    .map(({ name }) => name);
  if (channels.length === 0) return undefined;
  const statement = (verb: 'STOP' | 'START') =>
    channels.map((name) => {
      // [doc: STOP REPLICA, MySQL 8.0.22; MariaDB names the connection before the thread.]
      if (version.flavour === 'mariadb') return `${verb} SLAVE '${name}' SQL_THREAD`;
      return `${verb} ${atLeast(version, 8, 0, 22) ? 'REPLICA' : 'SLAVE'} SQL_THREAD FOR CHANNEL '${name}'`;
    });
  const { sql, columns } = replicaStatus(version);
  const status = { sql, channel: columns.channel, applying: columns.applying };
  return { channels, stop: statement('STOP'), start: statement('START'), status };
}
