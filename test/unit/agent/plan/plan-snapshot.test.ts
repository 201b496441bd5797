import { expect, test } from 'vitest';
import { manifestOf } from '../../../../src/agent/plan/manifest.ts';
import { approve, planSnapshot, refusalError } from '../../../../src/agent/plan/plan-snapshot.ts';
import { planResult } from '../../../../src/agent/report/plan-json.ts';
import { decodeResult, encodeResult } from '../../../../src/shared/result.ts';
import { REQUEST } from '../../../support/snapshot-request.ts';
import { factsOf } from './some-facts.ts';

const planOf = async (host: string, request = {}) => planSnapshot({ ...REQUEST, ...request }, await factsOf(host));

test('what is no member is left out, the boot volume by its own flag', async () => {
  const { plan } = await planOf('md-raid0-two-nvme');
  expect(plan.members).toEqual(['vol-0aaaaaaaaaaaaaaa1', 'vol-0aaaaaaaaaaaaaaa2']);
  expect(plan.exclude).toEqual({
    bootVolume: true,
    dataVolumes: ['vol-0aaaaaaaaaaaaaaa3', 'vol-0aaaaaaaaaaaaaaa4', 'vol-0aaaaaaaaaaaaaaa5', 'vol-0aaaaaaaaaaaaaaa6'],
  });
});

test('on the root file system the boot volume is the set, synced and never frozen', async () => {
  const { plan } = await planOf('root-file-system');
  expect(plan).toMatchObject({
    members: ['vol-0aaaaaaaaaaaaaaa0'],
    exclude: { bootVolume: false, dataVolumes: ['vol-0aaaaaaaaaaaaaaa1'] },
    freeze: [],
    syncOnly: ['/'],
    warnings: [{ code: 'not-frozen' }],
  });
});

test('a file system on the boot volume is never frozen, also where another one is mounted on /', async () => {
  const facts = await factsOf('loop-devices');
  const [first, ...others] = facts.storage.members;
  const members = [...(first ? [{ ...first, isBootVolume: true }] : []), ...others];
  const { plan } = planSnapshot(REQUEST, { ...facts, storage: { ...facts.storage, members } });
  expect(plan).toMatchObject({
    freeze: ['/binlog'],
    syncOnly: ['/data'],
    warnings: [
      { code: 'not-frozen', message: '/data is synced under the lock but not frozen: it is on the boot volume' },
    ],
  });
});

test('an agent that is stopped holds the lock for the longest idle time of an orderly run and 2 s', async () => {
  const boundOf = async (host: string, request = {}) => (await planOf(host, request)).plan.lock.bound;
  expect(await boundOf('md-raid0-two-nvme', { freezeTimeoutMs: 4_000 })).toMatchObject({
    idle: 'SET SESSION wait_timeout = 7',
  });
  expect((await boundOf('md-raid0-two-nvme')).idle).toBe('SET SESSION wait_timeout = 12');
  expect((await boundOf('md-raid0-two-nvme', { freeze: 'never' })).idle).toBe('SET SESSION wait_timeout = 22');
  const bound = await boundOf('md-raid0-two-nvme', { level: 'crash' });
  expect(bound.idle).toBe('SET SESSION wait_timeout = 42');
  expect(bound.lift).toContain('SET SESSION wait_timeout = 86400');
});

test('a keyring, which is not in the set, is told in the result and in the manifest', async () => {
  const facts = await factsOf('luks');
  const server = { ...facts.server, keyringPlugins: ['keyring_file'] };
  const planned = planSnapshot(REQUEST, { ...facts, server });
  expect(planResult(planned)).toMatchObject({ outcome: 'done', warnings: ['key-not-in-set'] });
  expect(manifestOf(planned.plan, {}, new Date()).warnings).toEqual([
    expect.stringContaining('the keys of keyring_file are NOT in the set'),
    expect.stringContaining('the key of the encrypted device mysql is NOT in the set'),
  ]);
});

test('one superblock is frozen once, however many bind mounts lead to it', async () => {
  expect((await planOf('bind-mount')).plan.freeze).toEqual(['/data']);
});

test('--freeze never syncs what would have been frozen, and says so', async () => {
  const { plan } = await planOf('loop-devices', { freeze: 'never' });
  expect(plan).toMatchObject({ freeze: [], syncOnly: ['/data', '/binlog'] });
  expect(plan.warnings.map(({ code }) => code)).toEqual(['not-frozen', 'not-frozen']);
});

test('the tags of a set begin as unproven, and the user cannot overwrite ours', async () => {
  const { plan } = await planOf('luks', { tags: { Purpose: 'nightly', 'mysql-ebs-snapshot:grade': 'application' } });
  expect(plan.tags).toEqual({
    Purpose: 'nightly',
    'mysql-ebs-snapshot:set': '20261122T030000Z-4f2a9c/i-0123456789abcdef0',
    'mysql-ebs-snapshot:run': '20261122T030000Z-4f2a9c',
    'mysql-ebs-snapshot:instance': 'i-0123456789abcdef0',
    'mysql-ebs-snapshot:level': 'application',
    'mysql-ebs-snapshot:grade': 'unproven',
    'mysql-ebs-snapshot:members': '1',
    'mysql-ebs-snapshot:server': 'mysql 8.4.3',
    'mysql-ebs-snapshot:server-uuid': '8a94f357-aab4-11df-86ab-c80aa9429562',
    'mysql-ebs-snapshot:datadir': '/data/mysql',
  });
});

test.each([
  ['that fits', '/data/mysql@replica01', '/data/mysql@replica01'],
  ['of 256 characters', `/${'d'.repeat(255)}`, `/${'d'.repeat(255)}`],
  ['of 257 characters', `/${'d'.repeat(256)}`, expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
  ['with other characters', '/data/My SQL\u0001', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
])('a data directory %s is in the tag whole, or as its hash', async (_what, datadir, tag) => {
  const facts = await factsOf('luks');
  const { plan } = planSnapshot(REQUEST, { ...facts, server: { ...facts.server, datadir } });
  expect(plan.tags['mysql-ebs-snapshot:datadir']).toEqual(tag);
});

test('a plan with refusals is not approved; the first one names the error and counts the rest', async () => {
  const planned = await planOf('unfit-server');
  expect(() => approve(planned)).toThrow(/lacks RELOAD.* \(and 5 more/);
  expect(refusalError(planned.refusals)).toMatchObject({ code: 'server-denied', exit: 17 });
  expect(refusalError([])).toBeUndefined();
});

test('a plan is a result that the controller understands', async () => {
  for (const [host, outcome] of [
    ['luks', 'done'],
    ['unfit-server', 'refused'],
  ] as const) {
    expect(decodeResult(encodeResult(planResult(await planOf(host))))).toMatchObject({ outcome, members: 1 });
  }
});
