import * as v from 'valibot';
import type { ServerFacts } from '../discovery/facts.ts';
import { replicaStatus } from '../discovery/replica.ts';
import { atLeast } from '../discovery/server-version.ts';

const Texts = v.pipe(v.array(v.string()), v.readonly());

/** How the appliers of a replica that run are stopped, and started again, and how it is seen whether they run. */
export const ApplierPlan = v.object({
  /** The channels; for each a statement that stops its applier and one that starts it, in the same order. */
  channels: Texts,
  stop: Texts,
  start: Texts,
  /** Answers a row a channel, with these columns: its name, and whether its applier runs (`Yes`). */
  status: v.object({ sql: v.string(), channel: v.string(), applying: v.string() }),
});
export type ApplierPlan = v.InferOutput<typeof ApplierPlan>;

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
