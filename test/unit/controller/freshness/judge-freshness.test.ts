import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatFreshness, freshnessJson } from '../../../../src/controller/freshness/freshness-report.ts';
import { judgeFreshness, type Objective } from '../../../../src/controller/freshness/judge-freshness.ts';
import { prometheusText } from '../../../../src/controller/freshness/prometheus.ts';
import type { Attachments, FleetInstance } from '../../../../src/controller/ports.ts';
import type { SnapshotSet } from '../../../../src/controller/sets/snapshot-set.ts';
import { styleFor } from '../../../../src/controller/terminal/style.ts';
import { TAG } from '../../../../src/shared/tags.ts';
import { running } from '../fakes.ts';
import { instance, type SetOf, serverTags, setOf, volume } from '../sets/some-sets.ts';

const NOW = new Date('2026-11-26T12:00:00Z');
const HOUR_MS = 3_600_000;
const member = (n: number, cluster: string): FleetInstance => ({ ...running(n), tags: { Cluster: cluster } });
const judge = (
  fleet: readonly FleetInstance[],
  sets: readonly SnapshotSet[],
  objective: Partial<Objective> = {},
  attachments: Attachments = new Map(),
) => judgeFreshness(fleet, sets, attachments, { maxAgeMs: 26 * HOUR_MS, ...objective }, NOW);
const verdicts = (...given: Parameters<typeof judge>) =>
  judge(...given).map(({ subject, verdict }) => [subject, verdict]);
const id = (n: number) => running(n).instanceId;

describe('a host', () => {
  it('is fresh up to the very age, stale beyond it, and counted where it has nothing', () => {
    const sets = [
      setOf('2026-11-25T10:00:00Z', { host: 1 }),
      setOf('2026-11-25T09:59:59Z', { host: 2 }),
      setOf('2026-11-26T11:00:00Z', { host: 9 }),
    ];
    expect(verdicts([running(1), running(2), running(3)], sets)).toEqual([
      [id(1), 'fresh'],
      [id(2), 'stale'],
      [id(3), 'none'],
    ]);
  });

  it('is not fresh by what is not good, nor by what only says that it is its own', () => {
    const old = setOf('2026-11-20T03:00:00Z');
    const sets = [
      setOf('2026-11-26T04:00:00Z', { grade: 'broken' }),
      setOf('2026-11-26T05:00:00Z', { state: 'error' }),
      setOf('2026-11-26T06:00:00Z', { tags: { [TAG.owner]: 'AIDASOMEBODY' } }),
      setOf('2026-11-26T07:00:00Z', { state: 'pending' }),
      old,
      setOf('2026-11-19T03:00:00Z', { grade: 'unproven' }),
    ];
    const [judged] = judge([running(1)], sets);
    expect(judged).toMatchObject({ verdict: 'stale', newestGood: old });
    expect(judged?.since.map(({ why }) => why)).toEqual([
      'pending',
      expect.stringContaining('own tags'),
      'failed',
      'broken',
    ]);
  });

  it("is not fresh by a set of volumes that are another's now", () => {
    const sets = [setOf('2026-11-26T03:00:00Z')];
    expect(verdicts([running(1)], sets, {}, new Map([[volume(100), id(2)]]))).toEqual([[id(1), 'none']]);
  });
});

describe('a cluster', () => {
  it('is fresh by one of its hosts; who is in none stands alone', () => {
    const sets = [setOf('2026-11-26T03:00:00Z', { host: 2 }), setOf('2026-11-20T03:00:00Z', { host: 1 })];
    const fleet = [member(1, 'shop'), member(2, 'shop'), member(3, 'mail'), running(4), member(5, '')];
    expect(verdicts(fleet, sets, { clusterTag: 'Cluster' })).toEqual([
      ['shop', 'fresh'],
      ['mail', 'none'],
      [id(4), 'none'],
      [id(5), 'none'],
    ]);
  });
});

describe('a host with several servers', () => {
  const [UUID, OTHER_UUID] = ['8a94f357-aab4-11df-86ab-c80aa9429562', '9b94f357-aab4-11df-86ab-c80aa9429562'];
  const of = (datadir: string | undefined, uuid?: string) => serverTags(datadir, uuid);
  const fresh = '2026-11-26T03:00:00Z';
  /** All volumes that a set of the first host may have. */
  const attached = new Map([100, 101, 102].map((number) => [volume(number), instance(1)]));
  const told = (sets: readonly SnapshotSet[], attachments: Attachments = attached) =>
    judge([running(1)], sets, {}, attachments).map(({ server, verdict }) => [server?.datadir, verdict]);

  it('is judged server by server', () => {
    const sets = [
      setOf(fresh, { tags: of('/a') }),
      setOf('2026-11-20T03:00:00Z', { tags: of('/b') }),
      setOf('2026-11-19T03:00:00Z', { tags: of('/a') }),
      setOf('2026-11-19T04:00:00Z', { grade: 'broken', tags: of('/c') }),
    ];
    expect(told(sets)).toEqual([
      ['/a', 'fresh'],
      ['/b', 'stale'],
      ['/c', 'none'],
    ]);
  });

  it('is a cluster all the same where it is one of a cluster', () => {
    const sets = [setOf(fresh, { tags: of('/a') }), setOf('2026-11-20T03:00:00Z', { tags: of('/b') })];
    expect(verdicts([member(1, 'shop')], sets, { clusterTag: 'Cluster' })).toEqual([['shop', 'fresh']]);
  });

  it('has no more of them by sets that only say that they are its own', () => {
    const forged = { ...of('/x'), [TAG.owner]: 'AIDASOMEBODY' };
    const [judged, ...others] = judge(
      [running(1)],
      [setOf(fresh, { tags: of('/a') }), setOf('2026-11-26T04:00:00Z', { tags: forged })],
    );
    expect(others).toEqual([]);
    expect(judged).toMatchObject({ verdict: 'fresh', since: [{ why: expect.stringContaining('own tags') }] });
  });

  it.each<[what: string, before: SetOf, after: SetOf, detached: readonly number[]]>([
    ['whose data directory moved', { tags: of('/a', UUID) }, { tags: of('/b', UUID) }, []],
    ['that was made anew in the same place', { tags: of('/a', UUID) }, { tags: of('/a', OTHER_UUID) }, []],
    ['of which no volume is left', { tags: of('/a'), members: 1 }, { tags: of('/b') }, [100]],
    ['of MariaDB that went on on other volumes', { tags: of('/a'), members: 1 }, { tags: of('/a'), from: 1 }, [100]],
    ['that an older version took, and then a volume came', { tags: of(undefined), members: 1 }, { tags: of('/a') }, []],
    ['that an older version took, and then one went', { tags: of(undefined), members: 3 }, { tags: of('/a') }, [102]],
  ])('lists as gone one %s, however young its sets are', (_what, before, after, detached) => {
    const left = new Map([...attached].filter(([id]) => !detached.some((number) => id === volume(number))));
    const moved = [setOf(fresh, after), setOf('2026-11-26T02:00:00Z', before)];
    expect(told(moved, left).map(([, verdict]) => verdict)).toEqual(['fresh', 'gone']);
    const stillTaken = [...moved, setOf('2026-11-26T04:00:00Z', before)];
    expect(told(stillTaken, left).map(([, verdict]) => verdict)).toEqual(['fresh', 'fresh']);
  });

  it.each<[what: string, before: SetOf, after: SetOf]>([
    ['MariaDB, in another data directory on the same volumes', { tags: of('/a') }, { tags: of('/b') }],
    ['MariaDB, in the same on other volumes', { tags: of('/a'), members: 1 }, { tags: of('/a'), from: 1 }],
    ['another uuid in another data directory', { tags: of('/a', UUID) }, { tags: of('/b', OTHER_UUID) }],
    [
      'an older version took it, of volumes that the other has not',
      { tags: of(undefined) },
      { tags: of('/b'), members: 1 },
    ],
  ])('does not take for gone what may be there still: %s', (_what, before, after) => {
    const sets = [setOf(fresh, after), setOf('2026-11-20T03:00:00Z', before)];
    expect(told(sets).map(([, verdict]) => verdict)).toEqual(['fresh', 'stale']);
  });

  it('does not take a server for gone where EC2 tells of no volume of the host', () => {
    const sets = [setOf(fresh, { tags: of('/b') }), setOf('2026-11-20T03:00:00Z', { tags: of('/a') })];
    expect(told(sets, new Map())).toEqual([
      ['/b', 'fresh'],
      ['/a', 'stale'],
    ]);
  });

  it('does not take a server for gone by a set that only says that it is of the host', () => {
    const forged = { ...of('/b', UUID), [TAG.owner]: 'AIDASOMEBODY' };
    const sets = [setOf(fresh, { tags: forged }), setOf('2026-11-20T03:00:00Z', { tags: of('/a', UUID) })];
    expect(told(sets, new Map())).toEqual([['/a', 'stale']]);
  });

  const judged = judge(
    [running(1), running(2)],
    [
      setOf(fresh, { tags: of('/b', UUID) }),
      setOf('2026-11-26T02:00:00Z', { tags: of('/a', UUID) }),
      setOf('2026-11-20T03:00:00Z', { tags: of('/var/lib/mysql "c"') }),
      setOf(fresh, { host: 2, tags: of('/d') }),
    ],
    {},
    attached,
  );
  it.each([
    ['people', 'txt', formatFreshness(judged, NOW, styleFor({}, {}))],
    ['Prometheus', 'prom', prometheusText(judged, NOW)],
    ['programs', 'json.txt', `${JSON.stringify(JSON.parse(freshnessJson(judged)), null, 2)}\n`],
  ])('is told %s', async (_whom, extension, text) => {
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, `servers.golden.${extension}`));
  });
});

describe('is told', () => {
  const sets = [
    setOf('2026-11-26T03:00:00Z', { host: 1 }),
    setOf('2026-11-24T03:00:00Z', { host: 1, tags: { [TAG.verified]: 'x' } }),
    setOf('2026-11-20T03:00:00Z', { host: 2 }),
    setOf('2026-11-26T03:00:00Z', { host: 2, grade: 'broken' }),
  ];
  const fleet = [member(1, 'shop'), running(2, 'na"me\\'), running(3)];
  const judged = judge(fleet, sets, { clusterTag: 'Cluster' });

  it.each([
    ['people', 'txt', formatFreshness(judged, NOW, styleFor({}, {}))],
    ['Prometheus', 'prom', prometheusText(judged, NOW)],
    ['programs', 'json.txt', `${JSON.stringify(JSON.parse(freshnessJson(judged)), null, 2)}\n`],
  ])('%s', async (_whom, extension, text) => {
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, `status.golden.${extension}`));
  });
});
