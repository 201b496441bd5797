import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOut } from '../../../../src/controller/runs/follow/batches.ts';
import { planWaves } from '../../../../src/controller/runs/waves.ts';
import { host, running } from '../fakes.ts';

const RULE = { key: 'Cluster', prefer: { key: 'Duty', values: ['replica'] } };
const member = (n: number, cluster: string, duty = 'source') => ({
  ...running(n),
  tags: { Cluster: cluster, Duty: duty },
});

describe('waves', () => {
  it('takes of every cluster one at a time, the replicas before the source', () => {
    const fleet = [
      member(1, 'orders'),
      member(2, 'orders', 'replica'),
      member(3, 'orders', 'replica'),
      member(4, 'users'),
      member(5, 'users', 'replica'),
    ];
    expect(planWaves(fleet, RULE)).toEqual({ waves: [[host(2), host(5)], [host(3), host(4)], [host(1)]], leftOut: [] });
  });

  it('is one wave of all where nothing is said, and none of nobody', () => {
    const fleet = [member(2, 'a'), member(1, 'a')];
    expect(planWaves(fleet, undefined)).toEqual({ waves: [[host(2), host(1)]], leftOut: [] });
    expect(planWaves([], undefined).waves).toEqual([]);
  });

  it('leaves out whom nobody knows the cluster of, and whose cluster has somebody who may be at work still', () => {
    const { waves, leftOut } = planWaves([running(1), member(2, 'a'), member(3, 'b')], RULE, [member(4, 'a')]);
    expect(waves).toEqual([[host(3)]]);
    expect(leftOut.map(({ host: { name }, message }) => `${name}: ${message}`)).toEqual([
      'db1: the instance carries no tag Cluster, so nobody knows beside whom it may work',
      'db2: another member of its cluster a needs a person first',
    ]);
  });

  it('never has two members of a cluster in a wave, forgets nobody, and asks for nobody twice', () => {
    const fleets = fc.uniqueArray(
      fc.record({
        n: fc.nat(60),
        cluster: fc.constantFrom('', 'a', 'b', 'c', 'd'),
        duty: fc.constantFrom('replica', 'source'),
      }),
      { selector: ({ n }) => n },
    );
    fc.assert(
      fc.property(fleets, fc.constantFrom('none', 'a', 'd'), (drawn, blocked) => {
        const fleet = drawn.map(({ n, cluster, duty }) => member(n, cluster, duty));
        const { waves, leftOut } = planWaves(fleet, RULE, [member(99, blocked)]);
        const byId = new Map(fleet.map((each) => [each.instanceId, each]));
        for (const wave of waves) {
          const clusters = wave.map((id) => byId.get(id)?.tags['Cluster']);
          expect(new Set(clusters).size).toBe(clusters.length);
          expect(clusters).not.toContain(blocked);
          expect(wave.length).toBeGreaterThan(0);
        }
        const named = [...waves.flat(), ...leftOut.map(({ host: { instanceId } }) => instanceId)];
        expect(named.sort()).toEqual([...byId.keys()].sort());
        const turns = waves.flat().map((id) => byId.get(id));
        for (const cluster of ['a', 'b', 'c', 'd']) {
          const duties = turns.filter((each) => each?.tags['Cluster'] === cluster).map((each) => each?.tags['Duty']);
          expect(duties).toEqual([...duties].sort());
        }
      }),
    );
  });
});

describe('commands for hosts by id', () => {
  const hosts = (count: number) => Array.from({ length: count }, (_, n) => host(n));

  it.each([
    [40, '10%', { sizes: [40], maxConcurrency: '10%', atATime: 1 }],
    [120, '20', { sizes: [50, 50, 20], maxConcurrency: '20', atATime: 1 }],
    [120, '10%', { sizes: [50, 50, 20], maxConcurrency: '12', atATime: 1 }],
    [120, undefined, { sizes: [50, 50, 20], maxConcurrency: '50', atATime: 1 }],
    [120, '110', { sizes: [50, 50, 20], maxConcurrency: '50', atATime: 2 }],
    [120, '1%', { sizes: [50, 50, 20], maxConcurrency: '1', atATime: 1 }],
  ])('shares %i hosts out, at most %s at a time', (count, share, { sizes, ...expected }) => {
    const { batches, ...shared } = shareOut(hosts(count), share);
    expect(batches.map(({ length }) => length)).toEqual(sizes);
    expect(shared).toEqual(expected);
  });

  it('never has more hosts at work than was said, over all commands together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 51, max: 700 }), fc.integer({ min: 1, max: 800 }), (count, most) => {
        const { batches, maxConcurrency, atATime } = shareOut(hosts(count), String(most));
        expect(batches.flat()).toEqual(hosts(count));
        expect(atATime * Number(maxConcurrency)).toBeLessThanOrEqual(most);
      }),
    );
  });
});
