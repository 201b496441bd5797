import { writeFileSync } from 'node:fs';
import { ERRORS } from '../src/shared/errors.ts';
import { WARNINGS } from '../src/shared/warnings.ts';
import { errorsDocument } from './lib/errors-document.ts';
import { warningsDocument } from './lib/warnings-document.ts';

writeFileSync('docs/errors.md', errorsDocument(ERRORS));
writeFileSync('docs/warnings.md', warningsDocument(WARNINGS));
