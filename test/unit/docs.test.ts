import { readFileSync } from 'node:fs';
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
