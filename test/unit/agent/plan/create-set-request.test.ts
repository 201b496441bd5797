import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { createSetRequest } from '../../../../src/agent/plan/create-set-request.ts';
import { manifestOf } from '../../../../src/agent/plan/manifest.ts';
import { planSnapshot } from '../../../../src/agent/plan/plan-snapshot.ts';
import { Manifest } from '../../../../src/shared/manifest.ts';
import { TAG_LIMITS } from '../../../../src/shared/tags.ts';
import { REQUEST } from '../../../support/snapshot-request.ts';
import { factsOf } from './some-facts.ts';

const facts = await factsOf('loop-devices');
const { plan } = planSnapshot(REQUEST, facts);
const AT = new Date('2026-11-22T03:04:05.678Z');
const AT_POSITION = { binlog: { file: 'mariadb-bin.000042', position: 1337 }, gtid: '0-11-99' };

test('the request, whole', () => {
  expect(createSetRequest(plan, AT_POSITION, AT, 'AROAEXAMPLE:i-0123456789abcdef0')).toEqual({
    instanceId: 'i-0123456789abcdef0',
    excludeBootVolume: true,
    excludeDataVolumeIds: [],
    description:
      'binlog mariadb-bin.000042:1337, gtid 0-11-99, mysql-ebs-snapshot 20261122T030000Z-4f2a9c/i-0123456789abcdef0',
    tags: {
      ...plan.tags,
      Name: '20261122_030405_db01',
      'mysql-ebs-snapshot:owner': 'AROAEXAMPLE:i-0123456789abcdef0',
      'mysql-ebs-snapshot:taken-at': '2026-11-22T03:04:05.678Z',
      'mysql-ebs-snapshot:binlog': 'mariadb-bin.000042:1337',
      'mysql-ebs-snapshot:gtid': '0-11-99',
    },
  });
});

test('without a binary log there are no coordinates to tell', () => {
  const { tags, description } = createSetRequest(plan, {}, AT, undefined);
  expect(Object.keys(tags).filter((key) => /binlog|gtid|owner/.test(key))).toEqual([]);
  expect(description).toMatch(/^binary log off, /);
});

test('a Name of the user wins', () => {
  const named = planSnapshot({ ...REQUEST, tags: { Name: 'before the upgrade' } }, facts).plan;
  expect(createSetRequest(named, {}, AT, undefined).tags['Name']).toBe('before the upgrade');
});

test('whatever the names, GTIDs and descriptions are, EC2 takes the request and the coordinates are in it', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(text, text, fc.string({ maxLength: 2_000 }), (name, description, gtid) => {
      const named = { ...facts, instance: { ...facts.instance, name } };
      const request = createSetRequest(
        planSnapshot({ ...REQUEST, description }, named).plan,
        { ...AT_POSITION, gtid },
        AT,
        undefined,
      );
      expect(request.description).toMatch(/^binlog mariadb-bin\.000042:1337, [\x20-\x7e]*$/);
      expect(request.description.length).toBeLessThanOrEqual(255);
      for (const value of Object.values(request.tags)) {
        expect(value.length).toBeLessThanOrEqual(TAG_LIMITS.value);
        expect(value.isWellFormed()).toBe(true);
      }
    }),
  );
});

test('a GTID set too long for a tag is there by its hash, and whole in the manifest', () => {
  const gtid = `${'3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5,'.repeat(8)}`;
  const { tags } = createSetRequest(plan, { gtid }, AT, undefined);
  expect(tags['mysql-ebs-snapshot:gtid']).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(manifestOf(plan, { gtid }, AT).coordinates.gtid).toBe(gtid);
});

test('a manifest passes its own schema', async () => {
  for (const host of ['lvm-on-md-raid10-four-nvme', 'xen-whole-disk-and-partition', 'root-file-system']) {
    const manifest = manifestOf(planSnapshot(REQUEST, await factsOf(host)).plan, AT_POSITION, AT);
    expect(v.parse(Manifest, JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  }
});

test('a long description is cut behind the coordinates, a long name between two characters', () => {
  const named = { ...facts, instance: { ...facts.instance, name: `${'x'.repeat(239)}😀 and more` } };
  const long = planSnapshot({ ...REQUEST, description: 'ä'.repeat(300) }, named).plan;
  const { description, tags } = createSetRequest(long, AT_POSITION, AT, undefined);
  expect(description).toMatch(/^binlog mariadb-bin\.000042:1337, gtid 0-11-99, \?+$/);
  expect(description).toHaveLength(255);
  expect(tags['Name']).toHaveLength(256);
  expect(tags['Name']?.isWellFormed()).toBe(true);
});
