import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collate } from '../../../../../src/controller/runs/judge/collate.ts';
import { partitionReachable } from '../../../../../src/controller/runs/reachable.ts';
import { formatReport } from '../../../../../src/controller/runs/show/report-json.ts';
import { formatTable } from '../../../../../src/controller/runs/show/run-report.ts';
import { styleFor } from '../../../../../src/controller/terminal/style.ts';
import { ERRORS } from '../../../../../src/shared/errors.ts';
import { decodeResult, outcomeOf, type Result } from '../../../../../src/shared/result.ts';
import { mangled, oddText } from '../../../../support/mangled-json.ts';
import { done, host, online, RUN, ran, running } from '../../fakes.ts';

const SNAPSHOT = { operation: 'snapshot', run: RUN, until: 'pending', cancelled: false } as const;
const two = partitionReachable([running(1), running(2)], [online(1), online(2)]);
const failed: Result = { v: 1, run: RUN, outcome: 'failed', code: 'lock-timeout', message: 'm', hint: 'h' };
const refused: Result = { v: 1, run: RUN, outcome: 'refused', code: 'storage-unfit' };
const unsafe: Result = { v: 1, run: RUN, outcome: 'unsafe', code: 'thaw-failed' };

describe('who can be reached', () => {
  it('names every host that cannot, and why', () => {
    const fleet = partitionReachable(
      [running(1), { ...running(2), state: 'stopped' }, running(3), running(4), running(5)],
      [online(1), online(2), { ...online(4), ping: 'ConnectionLost' }, { ...online(5), platform: 'Windows' }],
    );
    expect(fleet.reachable).toEqual([host(1)]);
    expect(fleet.unreachable.map(({ host: { name }, message }) => `${name}: ${message}`)).toEqual([
      'db2: the instance is stopped',
      'db3: the instance is not managed by Systems Manager',
      'db4: the SSM Agent of the instance is offline (ConnectionLost)',
      'db5: the instance runs Windows, not Linux',
    ]);
  });
});

describe('the report', () => {
  it('is done only where every targeted host is done', () => {
    expect(collate(SNAPSHOT, two, { invocations: [ran(1), ran(2)] })).toMatchObject({
      ending: 'done',
      outcome: 'done',
    });
  });

  const killed = ran(2, '', { status: 'Cancelled', exitStatus: undefined });
  const neverHad = { ...killed, began: false };
  it.each([
    ['one failed', [ran(1), ran(2, failed, { status: 'Failed' })], 'host-failed', 'failed'],
    ['all of one code', [ran(1, failed), ran(2, failed)], 'host-failed', 'failed'],
    ['one refused', [ran(1), ran(2, refused)], 'host-refused', 'refused'],
    ['all refused', [ran(1, refused), ran(2, refused)], 'host-refused', 'refused'],
    ['one refused, one failed', [ran(1, refused), ran(2, failed)], 'host-failed', 'failed'],
    ['one unsafe', [ran(1, failed), ran(2, unsafe)], 'host-unsafe', 'unsafe'],
    ['one absent', [ran(1)], 'host-missing', 'failed'],
    ['one absent and one refused', [ran(1, refused)], 'host-failed', 'failed'],
    ['one absent and one unsafe', [ran(1, unsafe)], 'host-unsafe', 'unsafe'],
    ['garbage', [ran(1), ran(2, 'Segmentation fault')], 'host-unsafe', 'unsafe'],
    ['never delivered', [ran(1), { ...neverHad, status: 'DeliveryTimedOut' }], 'host-missing', 'failed'],
    ['still running', [ran(1), { ...killed, status: 'InProgress', ended: false }], 'host-unsafe', 'unsafe'],
    ['still pending', [ran(1), { ...neverHad, status: 'Pending', ended: false }], 'host-unsafe', 'unsafe'],
  ])('ends for the fleet as its hosts did: %s', (_what, invocations, ending, outcome) => {
    expect(collate(SNAPSHOT, two, { invocations: invocations })).toMatchObject({ ending, outcome });
  });

  it.each([
    ['every host done', [ran(1), ran(2)], 'done', 'done'],
    ['a host that never had it', [ran(1), neverHad], 'cancelled', 'failed'],
    ['a host that failed', [ran(1), ran(2, failed)], 'cancelled', 'failed'],
    ['a host killed at work', [ran(1), killed], 'host-unsafe', 'unsafe'],
    ['an unsafe host', [ran(1), ran(2, unsafe)], 'host-unsafe', 'unsafe'],
    ['nobody asked', [], 'cancelled', 'failed'],
  ])('ends a run that was cancelled as its hosts did: %s', (_what, invocations, ending, outcome) => {
    expect(collate({ ...SNAPSHOT, cancelled: true }, two, { invocations: invocations })).toMatchObject({
      ending,
      outcome,
    });
  });

  it('has an exit status that says the same as the outcome, whatever the hosts say', () => {
    const invocation = fc.constantFrom(
      ...[undefined, ran(1), ran(1, refused), ran(1, failed), ran(1, unsafe), ran(1, ''), { ...neverHad }],
    );
    const anything = fc.record({
      operation: fc.constantFrom('snapshot' as const, 'plan' as const),
      invocations: fc.tuple(invocation, invocation),
      cancelled: fc.boolean(),
    });
    fc.assert(
      fc.property(anything, ({ operation, invocations, cancelled }) => {
        const given = invocations.flatMap((each, n) =>
          each === undefined ? [] : { ...each, instanceId: host(n + 1) },
        );
        const bare = given.map((each) => ({ ...each, output: each.output.replace(/"instance":"[^"]*",/, '') }));
        const { ending, outcome, hosts } = collate({ operation, run: RUN, until: 'pending', cancelled }, two, {
          invocations: bare,
        });
        const outcomes = hosts.map(({ result }) => result.outcome);
        const exit = ending === 'done' ? 0 : ERRORS[ending].exit;
        expect(exit >= 50 && exit < 70).toBe(outcomes.includes('unsafe'));
        expect(exit === 0).toBe(outcomes.every((each) => each === 'done'));
        expect(exit >= 10 && exit < 30 && outcomes.some((each) => each === 'failed')).toBe(false);
        expect(outcome).toBe(ending === 'done' ? 'done' : outcomeOf(ending));
        expect(hosts.every(({ result: { code } }) => code === undefined || code in ERRORS)).toBe(true);
      }),
    );
  });

  it('tells every targeted host by a result of the right form, whatever the hosts print', () => {
    const line = fc.oneof(
      ...[done(1), refused, failed, unsafe].map((result) => mangled(result).map((each) => JSON.stringify(each))),
      ...[oddText.map((code) => JSON.stringify({ ...refused, code, message: code, hint: code })), oddText, fc.json()],
      ...[fc.constant(JSON.stringify(done(1)).replace('"v"', '"stallMs":1e999,"v"'))],
    );
    const output = fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n'));
    const status = fc.oneof(fc.constantFrom('Success', 'Failed', 'ExecutionTimedOut', 'Terminated'), oddText);
    const invocation = fc.record({
      commandId: fc.constant('command-1'),
      instanceId: fc.constantFrom(host(1), host(2), host(9)),
      ...{ status, output, ended: fc.boolean(), began: fc.boolean(), since: fc.date() },
      exitStatus: fc.option(fc.nat(255), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(invocation, { maxLength: 4 }), (invocations) => {
        const report = collate(SNAPSHOT, two, { invocations: invocations });
        expect(report.hosts.map(({ instance }) => instance)).toEqual(expect.arrayContaining([host(1), host(2)]));
        for (const { instance, result } of report.hosts) {
          expect(result).toMatchObject({ run: RUN, instance });
          expect(decodeResult(JSON.stringify(result))).toEqual(result);
          const saidDone = invocations.some((each) => each.instanceId === instance && each.status === 'Success');
          if (result.outcome === 'done') expect(saidDone).toBe(true);
        }
        expect(JSON.parse([...formatReport(report)].join('')).hosts).toHaveLength(report.hosts.length);
        expect(formatTable(report, styleFor({}, {})).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a plan that gave no result for missing: it makes nothing that could be left', () => {
    const run = { ...SNAPSHOT, operation: 'plan' } as const;
    expect(collate(run, two, { invocations: [ran(1), killed] })).toMatchObject({
      ending: 'host-missing',
      outcome: 'failed',
    });
  });

  it('leaves no targeted host out, and adds who came meanwhile', () => {
    const fleet = partitionReachable(
      [running(1), { ...running(2), state: 'stopped' }, running(3)],
      [online(1), online(3)],
    );
    const { hosts } = collate(SNAPSHOT, fleet, { invocations: [ran(9), ran(1)] });
    expect(hosts.map(({ instance, result }) => [instance, result.code ?? result.outcome])).toEqual([
      [host(1), 'done'],
      [host(2), 'host-missing'],
      [host(3), 'host-missing'],
      [host(9), 'done'],
    ]);
    expect(hosts.map(({ result }) => result.message)).toEqual([
      undefined,
      'the instance is stopped',
      'Systems Manager did not run the command there',
      undefined,
    ]);
  });

  const only = (invocation: ReturnType<typeof ran>) =>
    collate(SNAPSHOT, partitionReachable([running(1)], [online(1)]), { invocations: [invocation] }).hosts[0]?.result;

  it('finds the result before what Systems Manager appends of stderr', () => {
    const output = `${JSON.stringify(done(1))}\n\n----------ERROR-------\n{"v":1,"run":"nightly-1","outcome":"failed"}\n`;
    expect(only(ran(1, output))?.outcome).toBe('done');
  });

  it('fills in what a host did not know: an SSM agent too old to pass the run id', () => {
    const { instance: _unknown, ...bare } = done(1);
    expect(only(ran(1, { ...bare, run: '', outcome: 'refused', code: 'host-unfit' }))).toMatchObject({
      run: RUN,
      instance: host(1),
      code: 'host-unfit',
    });
  });

  it.each([
    ['of another run', { ...done(1), run: 'other' }],
    ['of another host', { ...done(1), instance: host(2) }],
    ['cut off', JSON.stringify(done(1)).slice(0, 40)],
    ['of another version', '{"v":2,"run":"nightly-1","outcome":"done"}'],
  ])('takes no result %s', (_what, output) => {
    expect(only(ran(1, output as Result))).toMatchObject({ outcome: 'unsafe', code: 'outcome-unknown' });
  });

  it('does not believe done where Systems Manager says otherwise', () => {
    expect(only(ran(1, done(1), { status: 'Failed', exitStatus: 1 }))).toMatchObject({
      outcome: 'failed',
      message: 'the host reports done, but Systems Manager says Failed',
    });
  });

  it.each([
    ['ExecutionTimedOut', 'outcome-unknown', 'A set may exist'],
    ['Failed', 'outcome-unknown', 'A set may exist'],
    ['Undeliverable', 'host-missing', 'did not pick the command up'],
    ['Terminated', 'host-missing', '--max-errors'],
    ['AccessDenied', 'host-missing', 'ssm:SendCommand'],
    ['Cancelled', 'host-missing', 'before the host had it'],
  ])('says what %s means', (status, code, hint) => {
    const result = only(ran(1, 'sh: not found\nmore', { status, began: false, exitStatus: undefined }));
    expect(result?.code).toBe(code);
    expect(result?.message).toBe(`the host gave no result (Systems Manager: ${status}): sh: not found`);
    expect(result?.hint).toContain(hint);
  });

  it('is one line of JSON', () => {
    const line = [...formatReport(collate({ ...SNAPSHOT, cancelled: true }, two, { invocations: [ran(1)] }))].join('');
    expect(JSON.parse(line)).toMatchObject({ v: 1, outcome: 'failed', code: 'cancelled', run: RUN });
    expect(line).not.toContain('\n');
  });
});
