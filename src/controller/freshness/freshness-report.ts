import { ERRORS } from '../../shared/errors.ts';
import { jsonLine } from '../../shared/json-line.ts';
import { onOneLine } from '../../shared/printable.ts';
import { outcomeOf } from '../../shared/result.ts';
import { setFields, shortPath } from '../sets/sets-report.ts';
import { worthOf } from '../sets/snapshot-set.ts';
import { inBlocks } from '../terminal/blocks.ts';
import { age, moment } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { type Column, layOut } from '../terminal/table.ts';
import { type Freshness, isWell, subjectsOfSeveral } from './judge-freshness.ts';

const isAlone = ({ subject, hosts: [host] }: Freshness): boolean => subject === host?.instanceId;
const COLOUR_OF = { fresh: 'done', stale: 'failed', none: 'failed', gone: 'refused' } as const;

const columns = (several: ReadonlySet<string>, style: Style, now: Date): readonly Column<Freshness>[] => [
  { title: 'HOST', cell: ({ subject }) => subject },
  {
    title: 'NAME',
    cell: (each) => (isAlone(each) ? each.hosts[0]?.name : each.hosts.map(({ name }) => name).join(', ')),
  },
  { title: 'SERVER', cell: ({ subject, server }) => (several.has(subject) ? server?.key : undefined) },
  { title: 'DATADIR', cell: ({ subject, server }) => (several.has(subject) ? shortPath(server?.datadir) : undefined) },
  {
    title: 'BACKUP',
    cell: ({ verdict }) => verdict,
    paint: ({ verdict }, text) => style.outcome(COLOUR_OF[verdict], text),
  },
  { title: 'AGE', cell: ({ newestGood }) => newestGood && age(newestGood.startTime, now) },
  { title: 'TAKEN', cell: ({ newestGood }) => newestGood && moment(newestGood.startTime) },
  { title: 'STATE', cell: ({ newestGood }) => newestGood && worthOf(newestGood) },
  { title: 'VERIFIED', cell: ({ newestVerified }) => newestVerified && moment(newestVerified.startTime) },
];

/** A row for each server of a host, or each cluster, below it what was taken since and does not count, and one line that sums up. */
export function formatFreshness(all: readonly Freshness[], now: Date, style: Style): string {
  const { heading, lines } = layOut(all, columns(subjectsOfSeveral(all), style, now));
  const since = all.flatMap(({ since }) => since.map(({ set, why }) => onOneLine(`${set.set} does not count: ${why}`)));
  const fresh = all.filter(({ verdict }) => verdict === 'fresh').length;
  const gone = all.filter(({ verdict }) => verdict === 'gone').length;
  const sum = `${fresh} of ${all.length - gone} fresh${gone === 0 ? '' : `, ${gone} gone`}`;
  return inBlocks([style.faint(heading), ...lines], since, [sum]);
}

/** The same as ONE line of JSON. */
export function freshnessJson(all: readonly Freshness[]): string {
  const several = subjectsOfSeveral(all);
  const stale = all
    .filter((each) => !isWell(each))
    .map(({ subject, server }) => (several.has(subject) ? `${subject} ${nameOf(server)}` : subject));
  const { hint } = ERRORS.stale;
  const message = `no good set that is young enough: ${stale.join(', ')}`;
  const ending =
    stale.length === 0 ? { outcome: 'done' } : { outcome: outcomeOf('stale'), code: 'stale', message, hint };
  return jsonLine({
    v: 1,
    ...ending,
    backups: all.map(({ subject, hosts, server, verdict, newestGood, newestVerified, since }) => ({
      subject,
      hosts: hosts.map(({ instanceId }) => instanceId),
      ...(server && { serverKey: server.key }),
      ...(server?.uuid !== undefined && { serverUuid: server.uuid }),
      ...(server?.datadir !== undefined && { datadir: server.datadir }),
      verdict,
      ...(newestGood && { newestGood: setFields(newestGood) }),
      ...(newestVerified && { newestVerified: setFields(newestVerified) }),
      since: since.map(({ set, why }) => ({ ...setFields(set), why })),
    })),
  });
}

/** Like `(server 3f2a9c1d0b7e, /var/lib/mysql)`. */
const nameOf = (server: Freshness['server']): string =>
  server === undefined ? '' : `(server ${[server.key, server.datadir].filter(Boolean).join(', ')})`;
