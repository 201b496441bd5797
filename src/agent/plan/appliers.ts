import type { ServerFacts } from '../discovery/facts.ts';
import { atLeast } from '../discovery/server-version.ts';

/** How the appliers of a replica that run are stopped, and started again: a statement a channel, in the same order. */
export interface ApplierPlan {
  readonly stop: readonly string[];
  readonly start: readonly string[];
}

/** A name that ends no literal, whatever the server's sql_mode. */
const QUOTABLE = /^[^'"`\\\p{C}]*$/u;

/** The channels whose names go into no statement. */
export const unquotableChannels = ({ replica }: ServerFacts): readonly string[] =>
  (replica?.channels ?? []).map(({ name }) => name).filter((name) => !QUOTABLE.test(name));

/** `undefined` where nothing is applied: what was stopped by somebody else is not ours to start. */
export function planAppliers({ version, replica }: ServerFacts): ApplierPlan | undefined {
  const applying = (replica?.channels ?? []).filter(({ name, applying }) => applying && QUOTABLE.test(name));
  if (applying.length === 0) return undefined;
  const statement = (verb: 'STOP' | 'START') =>
    applying.map(({ name }) => {
      // [doc: STOP REPLICA, MySQL 8.0.22; MariaDB names the connection before the thread.]
      if (version.flavour === 'mariadb') return `${verb} SLAVE '${name}' SQL_THREAD`;
      return `${verb} ${atLeast(version, 8, 0, 22) ? 'REPLICA' : 'SLAVE'} SQL_THREAD FOR CHANNEL '${name}'`;
    });
  return { stop: statement('STOP'), start: statement('START') };
}
