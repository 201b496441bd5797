import type { WARNINGS } from '../../src/shared/warnings.ts';
import { markdownTable } from './markdown-table.ts';

/** docs/warnings.md: the table of warnings as people read it, in the order of the source. */
export function warningsDocument(warnings: typeof WARNINGS): string {
  const rows = Object.entries(warnings).map(([code, { meaning, hint }]) => [`\`${code}\``, meaning, hint]);
  return `${[
    '# Warning codes',
    'Generated from `src/shared/warnings.ts` by `scripts/generate-docs`. A warning stops nothing and does not change ' +
      'the exit status. Its code stands in `warnings` of the result line; the log has the message, which names what ' +
      'it is about.',
    markdownTable(['warning', 'meaning', 'what to do'], rows).join('\n'),
  ].join('\n\n')}\n`;
}
