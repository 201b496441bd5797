import { jsonLine } from '../../shared/json-line.ts';
import { onOneLine } from '../../shared/printable.ts';
import { TAG } from '../../shared/tags.ts';
import type { Snapshot } from '../ports.ts';
import { inBlocks } from '../terminal/blocks.ts';
import { moment } from '../terminal/format.ts';
import type { Style } from '../terminal/style.ts';
import { type Column, layOut } from '../terminal/table.ts';
import { groupByServer, hostsOfSeveral, serverKeys } from './servers.ts';
import { type SnapshotSet, worthOf } from './snapshot-set.ts';

interface Gathered {
  readonly sets: readonly SnapshotSet[];
  readonly orphans: readonly Snapshot[];
}

const sizeGiB = ({ members }: SnapshotSet): number => members.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0);

/** The end of a path tells more than its beginning. */
export const shortPath = (path: string | undefined): string | undefined =>
  path === undefined || path.length <= LONGEST_PATH ? path : `…${path.slice(1 - LONGEST_PATH)}`;
const LONGEST_PATH = 32;

/** The columns that tell a host's servers apart: nothing stands there for a host that has one. */
export function serverColumns<T>(sets: readonly SnapshotSet[], setOf: (row: T) => SnapshotSet): readonly Column<T>[] {
  const servers = groupByServer(sets);
  const several = hostsOfSeveral(servers);
  const shown = new Map(
    servers
      .filter(({ instance }) => several.has(instance))
      .flatMap((server) => server.sets.map((set) => [set, server] as const)),
  );
  return [
    { title: 'SERVER', cell: (row) => shown.get(setOf(row))?.key },
    { title: 'DATADIR', cell: (row) => shortPath(shown.get(setOf(row))?.datadir) },
  ];
}

const columns = (sets: readonly SnapshotSet[]): readonly Column<SnapshotSet>[] => [
  { title: 'TAKEN', cell: ({ startTime }) => moment(startTime) },
  { title: 'NAME', cell: ({ name }) => name },
  ...serverColumns(sets, (set: SnapshotSet) => set),
  { title: 'STATE', cell: worthOf },
  { title: 'VERIFIED', cell: ({ verified }) => (verified ? 'yes' : undefined) },
  { title: 'MEMBERS', cell: ({ members, planned }) => `${members.length} of ${planned}` },
  { title: 'GIB', cell: (set) => String(sizeGiB(set)) },
  { title: 'SET', cell: ({ set }) => set },
];

/** The sets for people, newest first, and what is a member of none. */
export function formatSets({ sets, orphans }: Gathered, style: Style): string {
  const { heading, lines } = layOut(sets, columns(sets));
  const lost = orphans.map(({ snapshotId, volumeId }) => `${snapshotId} of ${volumeId}: its tags name no set`);
  const sum = `${sets.length} ${sets.length === 1 ? 'set' : 'sets'}`;
  return inBlocks(sets.length === 0 ? [] : [style.faint(heading), ...lines], lost, [sum]);
}

export function setsJson({ sets, orphans }: Gathered): string {
  const keys = serverKeys(sets);
  return jsonLine({
    v: 1,
    outcome: 'done',
    sets: sets.map((set) => ({ ...setFields(set), serverKey: keys.get(set) })),
    orphans: orphans.map(({ snapshotId }) => snapshotId),
  });
}

export const setJson = (set: SnapshotSet): string =>
  jsonLine({ v: 1, outcome: 'done', ...setFields(set), tags: tagsOf(set), snapshots: set.members.map(memberFields) });

/** What is said of a set in every JSON. Sizes are GiB of the volumes. */
export const setFields = (set: SnapshotSet) => ({
  set: set.set,
  instance: set.instance,
  name: set.name,
  ...(set.server.uuid !== undefined && { serverUuid: set.server.uuid }),
  ...(set.server.datadir !== undefined && { datadir: set.server.datadir }),
  startTime: set.startTime.toISOString(),
  state: set.state,
  grade: set.grade,
  verified: set.verified,
  members: set.members.length,
  planned: set.planned,
  sizeGiB: sizeGiB(set),
});

const memberFields = ({ snapshotId, volumeId, state, sizeGiB }: Snapshot) => ({ snapshotId, volumeId, state, sizeGiB });

/** As the first member has them: of a set that is not contradictory they are those of all. */
const tagsOf = ({ members }: SnapshotSet) => members[0]?.tags ?? {};

/** Tags that say more of a set than `setFields` do, and what a person calls them. */
const TOLD: readonly (readonly [key: string, title: string])[] = [
  [TAG.level, 'level'],
  [TAG.server, 'server'],
  [TAG.serverUuid, 'server uuid'],
  [TAG.datadir, 'data directory'],
  [TAG.binlog, 'binlog'],
  [TAG.gtid, 'gtid'],
  [TAG.takenAt, 'coordinates'],
];

/** One set for people. */
export function formatSet(set: SnapshotSet): string {
  const tags = tagsOf(set);
  const fields: (readonly [string, string])[] = [
    ['set', set.set],
    ['instance', `${set.instance} (${set.name})`],
    ['taken', moment(set.startTime)],
    ['worth', set.verified ? `${worthOf(set)}, verified` : worthOf(set)],
    ...TOLD.flatMap(([key, title]) => (tags[key] === undefined ? [] : [[title, tags[key]] as const])),
    ['members', `${set.members.length} of ${set.planned}, ${sizeGiB(set)} GiB`],
  ];
  const width = Math.max(...fields.map(([title]) => title.length));
  const { lines } = layOut(set.members, [
    { title: '', cell: ({ snapshotId }) => snapshotId },
    { title: '', cell: ({ volumeId }) => volumeId },
    { title: '', cell: ({ state }) => state },
    { title: '', cell: ({ sizeGiB }) => `${sizeGiB} GiB` },
  ]);
  return `${[
    ...fields.map(([title, text]) => `${title.padEnd(width)}  ${onOneLine(text)}`),
    ...lines.map((line) => `  ${line}`),
  ].join('\n')}\n`;
}
