import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { Manifest } from '../../../src/shared/manifest.ts';
import { mangled } from '../../support/mangled-json.ts';

const HOSTS = join(import.meta.dirname, '../../fixtures/hosts');
const manifests = readdirSync(HOSTS)
  .map((host) => join(HOSTS, host, 'expected-manifest.json'))
  .filter((path) => existsSync(path))
  .map((path): unknown => JSON.parse(readFileSync(path, 'utf8')));

test('a manifest that somebody meddled with is read as one that can be written again as it is, or as none', () => {
  const meddledWith = fc.oneof(...manifests.map(mangled)).map((manifest) => JSON.stringify(manifest));
  const number = fc.constantFrom('1e999', '-1', '0.5', '1');
  const text = fc
    .tuple(meddledWith, number)
    .map(([json, odd]) => json.replace(/"(sizeGiB|sizeBytes)":\d+/, `"$1":${odd}`));
  fc.assert(
    fc.property(fc.oneof(text, fc.json()), (json) => {
      const manifest = v.safeParse(Manifest, JSON.parse(json));
      if (!manifest.success) return;
      expect(v.parse(Manifest, JSON.parse(JSON.stringify(manifest.output)))).toEqual(manifest.output);
    }),
    { numRuns: 500 },
  );
});

test('what was written before the meddling is read', () => {
  for (const manifest of manifests) expect(v.parse(Manifest, manifest)).toEqual(manifest);
});
