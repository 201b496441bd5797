import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatFreshness, freshnessJson } from '../../../../src/controller/freshness/freshness-report.ts';
import { judgeFreshness, type Objective } from '../../../../src/controller/freshness/judge-freshness.ts';
import { prometheusText } from '../../../../src/controller/freshness/prometheus.ts';
import type { FleetInstance } from '../../../../src/controller/ports.ts';
import type { SnapshotSet } from '../../../../src/controller/sets/snapshot-set.ts';
import { styleFor } from '../../../../src/controller/terminal/style.ts';
import { TAG } from '../../../../src/shared/tags.ts';
import { running } from '../fakes.ts';
import { setOf, volume } from '../sets/some-sets.ts';

const NOW = new Date('2026-11-26T12:00:00Z');
const HOUR_MS = 3_600_000;
const member = (n: number, cluster: string): FleetInstance => ({ ...running(n), tags: { Cluster: cluster } });
const judge = (
  fleet: readonly FleetInstance[],
  sets: readonly SnapshotSet[],
  objective: Partial<Objective> = {},
  attachments = new Map(),
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
