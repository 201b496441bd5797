import { expect, test } from 'vitest';
import type { Fate } from '../../../../src/lab/fleet/fates.ts';
import { judgeReport } from '../../../../src/lab/fleet/judge-report.ts';
import { type PlannedHost, planFleet } from '../../../../src/lab/fleet/plan-fleet.ts';
import { printedResult } from '../../../../src/lab/fleet/printed-result.ts';
import { gtidTag } from '../../../../src/lab/fleet/simulated-set.ts';
import type { RunId } from '../../../../src/shared/ids.ts';
import type { Result } from '../../../../src/shared/result.ts';

const RUN = 'run' as RunId;
const fleet = planFleet(200, 'friday');
type Told = Result & { instance: string };

const MISSING = { outcome: 'failed', code: 'host-missing' } as const;
const UNKNOWN = { outcome: 'unsafe', code: 'outcome-unknown' } as const;
const FAILED = { outcome: 'failed', code: 'member-failed' } as const;
const TRUTH: Partial<Record<Fate, Pick<Result, 'outcome' | 'code'>>> = {
  killed: UNKNOWN,
  'killed-with-set': UNKNOWN,
  undeliverable: MISSING,
  'invalid-platform': MISSING,
  'access-denied': MISSING,
  'dropped-out': MISSING,
  unmanaged: MISSING,
  'member-fails': FAILED,
  'member-fails-late': FAILED,
};

function truth(host: PlannedHost): Told {
  const { instanceId: instance, fate } = host;
  const printed = printedResult(host, RUN) ?? { v: 1, run: RUN };
  return { ...printed, instance, ...TRUTH[fate] } as Told;
}

const judge = (hosts: readonly Told[]) =>
  judgeReport(fleet, RUN, { outcome: 'unsafe', run: RUN, code: 'host-unsafe', hosts: [...hosts] });
const hostWith = (fate: Fate): PlannedHost => fleet.find((host) => host.fate === fate) as PlannedHost;

/** The true report, but for what is said of the first host with this fate. */
const judgeBut = (fate: Fate, change: Partial<Told>) => {
  const { instanceId } = hostWith(fate);
  return judge(fleet.map(truth).map((told) => (told.instance === instanceId ? { ...told, ...change } : told)));
};

test('the truth is right, in any order', () => {
  expect(judge(fleet.map(truth))).toEqual([]);
  expect(judge(fleet.map(truth).reverse())).toEqual([]);
});

test('so it is without what only the host itself has said, and with the GTID set as the tag has it', () => {
  const told = fleet.map((host) => {
    const { stallMs: _stall, frozenMs: _frozen, apiMs: _api, ms: _ms, snapshots: _ids, ...rest } = truth(host);
    return rest.gtid === undefined ? rest : { ...rest, gtid: gtidTag(rest.gtid) };
  });
  expect(told.some(({ gtid }) => gtid?.startsWith('sha256:'))).toBe(true);
  expect(judge(told)).toEqual([]);
});

test.each<[Fate, Partial<Told>]>([
  ['member-fails', { outcome: 'done', code: undefined }],
  ['member-fails-late', { outcome: 'done', code: undefined }],
  ['killed-with-set', { outcome: 'failed', code: 'host-missing' }],
  ['undeliverable', { outcome: 'unsafe', code: 'outcome-unknown' }],
  ['lock-timeout', { hint: 'Try again.' }],
  ['set-broken', { grade: 'application' }],
  ['done', { grade: 'unproven' }],
  ['done', { set: 'another/set' }],
  ['done', { binlog: undefined }],
  ['done', { stallMs: 1 }],
])('of a host that is %s: %j', (fate, change) => {
  const { instanceId } = hostWith(fate);
  expect(judgeBut(fate, change)).toEqual([expect.stringContaining(`${instanceId} (${fate}): `)]);
});

test('who is missing, double or strange', () => {
  const told = fleet.map(truth);
  const [first, second] = told as [Told, Told];
  const { instanceId } = hostWith('dropped-out');
  expect(judge(told.filter(({ instance }) => instance !== instanceId))).toEqual([
    `${instanceId} (dropped-out): is missing`,
  ]);
  expect(judge([...told, second])).toEqual([`${second.instance}: is there 2 times`]);
  expect(judge([...told, { ...first, instance: 'i-00000000000000000' }])).toEqual([
    'i-00000000000000000: is none of the fleet',
  ]);
});

test('a run that ends as if all were well', () => {
  expect(judgeReport(fleet, RUN, { outcome: 'done', run: RUN, hosts: fleet.map(truth) })).toEqual([
    'the run ended with done, not with unsafe host-unsafe',
  ]);
});
