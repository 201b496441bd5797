import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatherSets } from '../../../../src/controller/sets/gather-sets.ts';
import { groupByServer, serverKeys, sharesVolume } from '../../../../src/controller/sets/servers.ts';
import { formatSets, setsJson } from '../../../../src/controller/sets/sets-report.ts';
import type { SnapshotSet } from '../../../../src/controller/sets/snapshot-set.ts';
import { styleFor } from '../../../../src/controller/terminal/style.ts';
import { TAG } from '../../../../src/shared/tags.ts';
import { type SetOf, serverTags, setOf, snapshotsOf } from './some-sets.ts';

const [UUID, OTHER_UUID] = ['8a94f357-aab4-11df-86ab-c80aa9429562', '9b94f357-aab4-11df-86ab-c80aa9429562'];

let minutes = 0;
/** A set of an hour of its own, younger than those before. */
const next = (how: SetOf = {}) => setOf(new Date(Date.UTC(2026, 10, 1) + ++minutes * 3_600_000).toISOString(), how);
const told = (datadir: string | undefined, uuid?: string, how: SetOf = {}) =>
  next({ ...how, tags: serverTags(datadir, uuid) });

/** The numbers of the sets in the order in which they were taken, server by server. */
const grouped = (...sets: SnapshotSet[]) =>
  groupByServer(sets)
    .map((server) => server.sets.map((set) => sets.indexOf(set)).sort())
    .sort();

describe('sets that tell their data directory', () => {
  it.each<[what: string, one: SnapshotSet, two: SnapshotSet, servers: number]>([
    ['the same data directory', told('/a'), told('/a'), 1],
    ['the same, and other volumes', told('/a'), told('/a', undefined, { members: 3 }), 1],
    ['the same on volumes of which none was there before', told('/a'), told('/a', undefined, { from: 2 }), 2],
    ['the same of MySQL on such volumes', told('/a', UUID), told('/a', UUID, { from: 2 }), 1],
    ['another, and the same server_uid of MariaDB', told('/a'), told('/b'), 2],
    ['the same data directory and uuid', told('/a', UUID), told('/a', UUID), 1],
    ['the same data directory with another uuid', told('/a', UUID), told('/a', OTHER_UUID), 2],
    ['the same uuid in another data directory', told('/a', UUID), told('/b', UUID), 2],
    ['the same on another host', told('/a', UUID), told('/a', UUID, { host: 2 }), 2],
  ])('with %s', (_what, one, two, servers) => {
    expect(groupByServer([one, two])).toHaveLength(servers);
  });

  it('are no two servers where MariaDB has another server_uid since: its port is in it', () => {
    const moved = { ...serverTags('/a'), [TAG.serverUuid]: 'AAAAzd0Zy8NCFhBnR0xLHc5o5sI=' };
    expect(grouped(told('/a'), next({ tags: moved }))).toEqual([[0, 1]]);
  });

  it('of MariaDB are of one server where others hold their volumes together, and its key stays the same', () => {
    const [one, two, both] = [told('/a'), told('/a', undefined, { from: 2 }), told('/a', undefined, { members: 4 })];
    expect(grouped(one, two, both)).toEqual([[0, 1, 2]]);
    expect(groupByServer([one, two, both])[0]?.key).toBe(groupByServer([one])[0]?.key);
  });

  it('are of no server that MariaDB could name: a server_uid is none, whatever its form', () => {
    const asUuid = { ...serverTags('/a'), [TAG.serverUuid]: UUID };
    expect(groupByServer([next({ tags: asUuid })])).toMatchObject([{ uuid: undefined, datadir: '/a' }]);
  });

  it('are contradictory where the members do not agree on it', () => {
    const [one, two] = snapshotsOf('2026-11-26T03:00:00Z', { tags: serverTags('/a') });
    if (one === undefined || two === undefined) throw new Error('it has two members');
    const other = { ...two, tags: { ...two.tags, [TAG.datadir]: '/b' } };
    expect(gatherSets([one, other]).sets).toMatchObject([{ state: 'contradictory' }]);
  });
});

describe('sets of an older version', () => {
  const olderMysql = (uuid: string, how?: SetOf) => told(undefined, uuid, how);
  const olderMariadb = (how?: SetOf) => told(undefined, undefined, how);

  it('of MySQL are of one server by its uuid, and go on as the one that has it now', () => {
    expect(grouped(olderMysql(UUID), olderMysql(UUID, { members: 3 }), olderMysql(OTHER_UUID))).toEqual([[0, 1], [2]]);
    expect(grouped(olderMysql(UUID), told('/a', UUID), told('/b', OTHER_UUID))).toEqual([[0, 1], [2]]);
  });

  it('of MySQL stay apart where two data directories have their uuid', () => {
    expect(grouped(olderMysql(UUID), told('/a', UUID), told('/b', UUID))).toEqual([[0], [1], [2]]);
  });

  it('of MariaDB are of one server by their volumes, and go on as the one that has just these', () => {
    expect(grouped(olderMariadb(), olderMariadb(), olderMariadb({ members: 1 }))).toEqual([[0, 1], [2]]);
    expect(grouped(olderMariadb(), told('/a'))).toEqual([[0, 1]]);
  });

  it('of MariaDB stay apart where other volumes have come, or another server has one of theirs', () => {
    expect(grouped(olderMariadb({ members: 1 }), told('/a'))).toEqual([[0], [1]]);
    expect(grouped(olderMariadb(), told('/a'), told('/b', undefined, { members: 1 }))).toEqual([[0], [1], [2]]);
    expect(grouped(olderMariadb(), told('/a'), told('/b', UUID, { members: 1 }))).toEqual([[0], [1], [2]]);
    expect(grouped(olderMariadb(), told('/a'), olderMysql(UUID, { members: 1 }))).toEqual([[0], [1], [2]]);
  });

  it('of which a part is left go with the whole ones that have all their volumes', () => {
    const cut = (set: SnapshotSet) => ({ ...set, state: 'partial', members: set.members.slice(1) }) as const;
    expect(grouped(olderMariadb(), cut(olderMariadb()), told('/a'))).toEqual([[0, 1, 2]]);
    expect(grouped(olderMariadb(), cut(olderMariadb({ members: 3 })))).toEqual([[0], [1]]);
  });
});

describe('whatever the sets', () => {
  const directory = fc.constantFrom(undefined, '/a', '/b');
  const anySet = fc
    .record({
      host: fc.integer({ min: 1, max: 2 }),
      members: fc.integer({ min: 1, max: 3 }),
      from: fc.integer({ min: 0, max: 3 }),
      datadir: directory,
      uuid: fc.constantFrom(undefined, UUID, OTHER_UUID),
      left: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ datadir, uuid, left, ...how }) => {
      const set = told(datadir, uuid, how);
      return { ...set, members: set.members.slice(0, left) };
    });
  const anySets = fc.array(anySet, { maxLength: 12 });
  const keysOf = (sets: readonly SnapshotSet[]) => sets.map((set) => serverKeys(sets).get(set));

  it('each is of one server of its instance, and none of two data directories or uuids', () => {
    fc.assert(
      fc.property(anySets, (sets) => {
        const servers = groupByServer(sets);
        expect(servers.flatMap((server) => server.sets)).toHaveLength(sets.length);
        expect(new Set(servers.map(({ key }) => key)).size).toBe(servers.length);
        for (const server of servers) {
          const distinct = (of: (set: SnapshotSet) => string | undefined) =>
            new Set(server.sets.map(of).filter((value) => value !== undefined)).size;
          expect(distinct(({ instance }) => instance)).toBe(1);
          expect(distinct(({ server: { datadir } }) => datadir)).toBeLessThanOrEqual(1);
          expect(distinct(({ server: { uuid } }) => uuid)).toBeLessThanOrEqual(1);
          if (server.uuid !== undefined || server.sets.length === 1) continue;
          const [first, ...others] = server.sets;
          expect(others.some((other) => sharesVolume(first, other))).toBe(true);
        }
      }),
    );
  });

  it('the order in which they come is nothing to it', () => {
    fc.assert(
      fc.property(anySets, (sets) => {
        expect(keysOf(sets.toReversed())).toEqual(keysOf(sets).reverse());
      }),
    );
  });
});

describe('the list', () => {
  const sets = [told(`/srv/${'x'.repeat(32)}/b`), told('/a'), next({ host: 2 })];

  it('tells the servers apart of a host that has several', () => {
    const [heading, b, a, other] = formatSets({ sets, orphans: [] }, styleFor({}, {})).split('\n');
    expect(heading).toMatch(/NAME +SERVER +DATADIR +STATE/);
    expect(b).toMatch(/ db-1 +[0-9a-f]{12} {2}…x{29}\/b /);
    expect(a).toMatch(/ db-1 +[0-9a-f]{12} {2}\/a /);
    expect(other).toMatch(/ db-2 +- +- /);
  });

  it('has no room for it where no host has', () => {
    expect(formatSets({ sets: [sets[0] ?? next(), next({ host: 2 })], orphans: [] }, styleFor({}, {}))).not.toContain(
      'SERVER',
    );
  });

  it('names the server of each for programs', () => {
    const json = JSON.parse(setsJson({ sets: [told('/a', UUID), next({ host: 2 })], orphans: [] }));
    expect(json.sets).toMatchObject([
      { datadir: '/a', serverUuid: UUID, serverKey: expect.stringMatching(/^[0-9a-f]{12}$/) },
      { serverKey: expect.stringMatching(/^[0-9a-f]{12}$/) },
    ]);
  });
});
