import type { ERRORS } from '../../src/shared/errors.ts';
import { markdownTable } from './markdown-table.ts';

type Table = typeof ERRORS;

const RANGES = [
  { title: 'A bug', from: 1, to: 1, says: 'An error that nobody foresaw.' },
  { title: 'Usage', from: 2, to: 2, says: 'Nothing was touched.' },
  { title: 'Refused', from: 10, to: 29, says: 'The host is untouched; the message says why.' },
  { title: 'Failed', from: 30, to: 49, says: 'Everything was undone.' },
  { title: 'Unsafe', from: 50, to: 69, says: 'The undo is incomplete or the outcome unknown: a person looks first.' },
  { title: 'Cancelled', from: 130, to: 130, says: 'By a signal, and everything was undone.' },
] as const;

/** docs/errors.md: the table of errors as people read it, by exit status. */
export function errorsDocument(errors: Table): string {
  const entries = Object.entries(errors).sort(([, a], [, b]) => a.exit - b.exit);
  const sections = RANGES.map(({ title, from, to, says }) => {
    const rows = entries
      .filter(([, { exit }]) => exit >= from && exit <= to)
      .map(([code, { exit, meaning, hint }]) => [exit, `\`${code}\``, meaning, hint]);
    const heading = from === to ? `${title}: ${from}` : `${title}: ${from}-${to}`;
    const table = markdownTable(['exit', 'code', 'meaning', 'what to do'], rows);
    return [`## ${heading}`, '', says, '', ...table].join('\n');
  });
  return `${[
    '# Exit statuses and error codes',
    'Generated from `src/shared/errors.ts` by `scripts/generate-docs`. `code` stands in the result line as well; ' +
      'a run may give a more precise hint than the one here. 0 is done. The statuses to which Systems Manager gives ' +
      'a meaning of its own (137, 168, 169, 194) are never used.',
    ...sections,
  ].join('\n\n')}\n`;
}
