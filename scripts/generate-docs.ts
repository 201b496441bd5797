import { writeFileSync } from 'node:fs';
import { ERRORS } from '../src/shared/errors.ts';
import { errorsDocument } from './lib/errors-document.ts';

writeFileSync('docs/errors.md', errorsDocument(ERRORS));
