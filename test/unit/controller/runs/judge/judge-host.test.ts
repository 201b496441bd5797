import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../../../src/controller/ports.ts';
import { judgeHost } from '../../../../../src/controller/runs/judge/judge-host.ts';
import { gatherSets } from '../../../../../src/controller/sets/gather-sets.ts';
import { TAG, type Tags } from '../../../../../src/shared/tags.ts';
import { done, host, memberOf, RUN, ran } from '../../fakes.ts';

const SNAPSHOT = { operation: 'snapshot', run: RUN, until: 'pending', cancelled: false } as const;
const setOf = (more: Partial<Snapshot> = {}, tags: Tags = {}) => gatherSets([memberOf(1, more, tags)]).sets[0];
const judge = (evidence: Partial<Parameters<typeof judgeHost>[2]>) =>
  judgeHost(SNAPSHOT, host(1), { setsSeen: true, ...evidence });

describe("a host's word, held against EC2's", () => {
  it.each([
    ['complete', setOf(), undefined],
    ['pending', setOf({ state: 'pending' }), undefined],
    ['failed in EBS', setOf({ state: 'error' }), /^EBS failed vol-0*1 of nightly-1\/i-0*1, so all of it is worthless$/],
    ['partial', setOf({}, { [TAG.members]: '2' }), /EC2 has 1 of 2 members of .* whole/],
    ['contradictory', setOf({}, { [TAG.members]: '0' }), /the members of .* do not tell the same of it/],
    ['nowhere to be seen', undefined, /^EC2 does not show the set .* that the host reported$/],
  ])('%s', (_what, set, complaint) => {
    const { result, state } = judge({ invocation: ran(1, { ...done(1), set: `${RUN}/${host(1)}` }), set });
    expect([result.outcome, result.code]).toEqual(
      complaint === undefined ? ['done', undefined] : ['failed', 'member-failed'],
    );
    if (complaint !== undefined) expect(result.message).toMatch(complaint);
    expect(state).toBe(set?.state);
  });

  it('is all there is where nobody looked at the sets', () => {
    expect(judge({ invocation: ran(1), setsSeen: false }).result.outcome).toBe('done');
  });

  it('that it failed stands, whatever EC2 shows', () => {
    const failed = { v: 1, run: RUN, outcome: 'failed', code: 'set-broken' } as const;
    expect(judge({ invocation: ran(1, failed), set: setOf() }).result.code).toBe('set-broken');
  });
});

describe('a host whose own words were not read', () => {
  it('is told by the tags of its set', () => {
    expect(judge({ set: setOf() })).toEqual({
      state: 'complete',
      result: {
        ...{ v: 1, run: RUN, instance: host(1), outcome: 'done', level: 'application', grade: 'application' },
        ...{ set: `${RUN}/${host(1)}`, members: 1, binlog: 'binlog.000042:1234' },
      },
    });
  });

  it.each([
    ['unproven', 'unsafe', 'outcome-unknown'],
    ['broken', 'failed', 'set-broken'],
  ])('is not done where its set is %s', (grade, outcome, code) => {
    expect(judge({ set: setOf({}, { [TAG.grade]: grade }) }).result).toMatchObject({ outcome, code });
  });

  it('is not done where EBS has failed its set', () => {
    expect(judge({ set: setOf({ state: 'error' }) }).result).toMatchObject({
      outcome: 'failed',
      code: 'member-failed',
    });
  });
});
