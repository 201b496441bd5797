import { expect, test } from 'vitest';
import { labOptions, seedOf } from '../../../../src/lab/commands/options.ts';

const given = { hosts: '2', server: 'mysql-9.7', durability: '2/0', apiLatency: '300', root: '/var/lib/lab' };

test('options of the command line', () => {
  expect(labOptions(given, '/dist')).toEqual({
    root: '/var/lib/lab',
    dist: '/dist',
    hosts: 2,
    server: 'mysql-9.7',
    durability: '2/0',
    apiLatencyMs: 300,
  });
});

test.each([
  ['--hosts', { hosts: '0' }],
  ['--hosts', { hosts: '1e0' }],
  ['--hosts', { hosts: '9' }],
  ['--api-latency', { apiLatency: '-1' }],
  ['--api-latency', { apiLatency: '' }],
  ['--server', { server: 'mysql' }],
  ['--server', { server: '' }],
  ['--durability', { durability: '1/0' }],
  ['--root', { root: 'lab' }],
  ['--root', { root: '/' }],
  ['--root', { root: '/var/../etc' }],
  ['--root', { root: '/var/two words' }],
  ['--root', { root: `/${'x'.repeat(45)}` }],
])('%s refuses %j and names it', (option, wrong) => {
  const [value] = Object.values(wrong);
  expect(() => labOptions({ ...given, ...wrong }, '/dist')).toThrow(`'${value}' is not valid for ${option}`);
});

test('a seed is taken as it is given, and drawn where none is', () => {
  expect(seedOf('friday-2')).toBe('friday-2');
  expect(seedOf()).not.toBe(seedOf());
  expect(() => seedOf('two words')).toThrow("'two words' is not valid for --seed");
});
