import { expect, test } from 'vitest';
import { countCalls } from '../../scripts/bench-fleet/count-calls.ts';
import { brokenDemands } from '../../scripts/bench-fleet/demands.ts';
import type { Measurement } from '../../scripts/bench-fleet/measure-fleet.ts';

const call = (action: string, outcome: string, parameters = {}) =>
  ({ at: '2026-11-22T03:00:00Z', service: 'ssm', action, principal: 'operator', parameters, outcome }) as const;

test('the calls of the collection begin behind the last SendCommand', () => {
  const counts = countCalls([
    call('DescribeInstanceInformation', 'ok'),
    call('SendCommand', 'ok'),
    call('ListCommands', 'ok'),
    call('SendCommand', 'ok'),
    call('ListCommands', 'ok'),
    call('ListCommands', 'ok'),
    call('ListCommandInvocations', 'ok'),
  ]);
  expect(counts).toMatchObject({ before: 4, collection: 3, byAction: { ListCommands: 2, ListCommandInvocations: 1 } });
});

test('a throttled call is lost unless the same is asked with success afterwards', () => {
  const page = { NextToken: '2' };
  const counts = countCalls([
    call('ListCommandInvocations', 'ok', page),
    call('ListCommandInvocations', 'ThrottlingException', page),
    call('ListCommands', 'ThrottlingException'),
    call('ListCommands', 'ThrottlingException'),
    call('ListCommands', 'ok'),
  ]);
  expect(counts).toMatchObject({ throttled: 3, lostToThrottling: 1 });
});

const measured = (hosts: number, peakBytes: number, changes: Partial<Measurement> = {}): Measurement => ({
  hosts,
  calls: { before: 200, collection: 100, throttled: 5, lostToThrottling: 0, byAction: {} },
  wrong: [],
  peakBytes,
  seconds: 60,
  simulatedSeconds: 600,
  lastWords: [],
  ...changes,
});

test('the demands are kept up to their bounds, and each that is not is told', () => {
  const small = measured(1_000, 160e6);
  expect(brokenDemands(measured(10_000, 199e6), small)).toEqual([]);
  expect(brokenDemands(measured(10_000, 200e6), small)).toEqual([
    'the memory grows by 25 % from 1000 to 10000 hosts, less than 25 % is allowed',
  ]);
  const calls = { before: 1, collection: 101, throttled: 3, lostToThrottling: 2, byAction: {} };
  expect(brokenDemands(measured(900, 201e6, { calls, wrong: ['i-1: is missing'] }), undefined)).toEqual([
    'of 900 hosts 1 things are told wrongly',
    'of 900 hosts 2 calls are lost to throttling',
    '101 calls collect the results, at most 100 are allowed',
    'the memory reaches 201 MB, at most 200 are allowed',
  ]);
});
