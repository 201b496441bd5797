import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorsDocument } from '../../scripts/lib/errors-document.ts';
import { ERRORS } from '../../src/shared/errors.ts';

const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

it('docs/errors.md is what scripts/generate-docs would write', () => {
  expect(document).toBe(errorsDocument(ERRORS));
});
