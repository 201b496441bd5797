import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorsDocument } from '../../scripts/lib/errors-document.ts';
import { warningsDocument } from '../../scripts/lib/warnings-document.ts';
import { ERRORS } from '../../src/shared/errors.ts';
import { WARNINGS } from '../../src/shared/warnings.ts';

const document = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

it('docs/errors.md is what scripts/generate-docs would write', () => {
  expect(document('errors.md')).toBe(errorsDocument(ERRORS));
});

it('docs/warnings.md is what scripts/generate-docs would write', () => {
  expect(document('warnings.md')).toBe(warningsDocument(WARNINGS));
});

const ROOT = join(import.meta.dirname, '../..');
const PATHS = [
  ...readdirSync(ROOT).map((name) => `/${name}`),
  ...['iam', 'scripts', 'src', 'ssm-documents', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => `/${folder}/${path}`),
  ),
];

it.each(PATHS.filter((path) => /^\/src\/.*README\.md$/.test(path)))('%s names files that exist', (readme) => {
  const named = readFileSync(join(ROOT, readme), 'utf8').matchAll(
    /`(?:\.\.\/)*((?:[\w-]+\/)*[\w.-]+(?:\.(?:ts|sh|json|yaml)|\/))`/g,
  );
  const missing = [...named]
    .map(([, name = '']) => name.replace(/\/$/, ''))
    .filter((name) => !PATHS.some((path) => path.endsWith(`/${name}`)));
  expect(missing).toEqual([]);
});
