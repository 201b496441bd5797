import { describe, expect, it } from 'vitest';
import { collate } from '../../../../src/controller/fleet/collate.ts';
import { sortOut } from '../../../../src/controller/fleet/reachable.ts';
import { formatReport } from '../../../../src/controller/report/json.ts';
import type { Result } from '../../../../src/shared/result.ts';
import { done, host, online, RUN, ran, running } from '../fakes.ts';

const two = sortOut([running(1), running(2)], [online(1), online(2)]);
const failed: Result = { v: 1, run: RUN, outcome: 'failed', code: 'lock-timeout', message: 'm', hint: 'h' };
const refused: Result = { v: 1, run: RUN, outcome: 'refused', code: 'storage-unfit' };
const unsafe: Result = { v: 1, run: RUN, outcome: 'unsafe', code: 'thaw-failed' };

describe('who can be reached', () => {
  it('names every host that cannot, and why', () => {
    const fleet = sortOut(
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
    expect(collate(RUN, two, [ran(1), ran(2)], false)).toMatchObject({ ending: 'done', outcome: 'done' });
  });

  it.each([
    ['one failed', [ran(1), ran(2, failed, { status: 'Failed' })], 'host-failed', 'failed'],
    ['all of one code', [ran(1, failed), ran(2, failed)], 'host-failed', 'failed'],
    ['one refused', [ran(1), ran(2, refused)], 'host-failed', 'refused'],
    ['one unsafe', [ran(1, failed), ran(2, unsafe)], 'host-failed', 'unsafe'],
    ['one absent', [ran(1)], 'host-missing', 'failed'],
    ['one absent and one refused', [ran(1, refused)], 'host-failed', 'failed'],
    ['garbage', [ran(1), ran(2, 'Segmentation fault')], 'host-missing', 'failed'],
  ])('ends for the fleet as its hosts did: %s', (_what, invocations, ending, outcome) => {
    expect(collate(RUN, two, invocations, false)).toMatchObject({ ending, outcome });
  });

  it('leaves no targeted host out, and adds who came meanwhile', () => {
    const fleet = sortOut([running(1), { ...running(2), state: 'stopped' }, running(3)], [online(1), online(3)]);
    const { hosts } = collate(RUN, fleet, [ran(9), ran(1)], false);
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
    collate(RUN, sortOut([running(1)], [online(1)]), [invocation], false).hosts[0]?.result;

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
    expect(only(ran(1, output as Result))).toMatchObject({ outcome: 'failed', code: 'host-missing' });
  });

  it('does not believe done where Systems Manager says otherwise', () => {
    expect(only(ran(1, done(1), { status: 'Failed', exitStatus: 1 }))).toMatchObject({
      outcome: 'failed',
      message: 'the host reports done, but Systems Manager says Failed',
    });
  });

  it.each([
    ['ExecutionTimedOut', 'A set may exist'],
    ['Undeliverable', 'did not pick the command up'],
    ['Terminated', '--max-errors'],
    ['AccessDenied', 'ssm:SendCommand'],
  ])('says what %s means', (status, hint) => {
    const result = only(ran(1, 'sh: not found\nmore', { status, exitStatus: undefined }));
    expect(result?.message).toBe(`the host gave no result (Systems Manager: ${status}): sh: not found`);
    expect(result?.hint).toContain(hint);
  });

  it('is one line of JSON', () => {
    const line = formatReport(collate(RUN, two, [ran(1)], true));
    expect(JSON.parse(line)).toMatchObject({ v: 1, outcome: 'failed', code: 'cancelled', run: RUN });
    expect(line).not.toContain('\n');
  });
});
