import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { messageOf, RunError } from '../../shared/errors.ts';

/**
 * The lists of `--instance-ids`, with `@FILE` replaced by what is in the file and `-` by what comes on stdin: ids separated by
 * commas or white space, `#` begins a comment. Throws RunError `usage`.
 */
export function readIdLists(lists: readonly string[] = []): Promise<readonly string[]> {
  return Promise.all(
    lists.map(
      async (list) =>
        (await contentOf(list))
          ?.replace(/#.*/g, '')
          .split(/[\s,]+/)
          .join(',') ?? list,
    ),
  );
}

async function contentOf(list: string): Promise<string | undefined> {
  if (list === '-') return text(process.stdin);
  if (!list.startsWith('@')) return undefined;
  try {
    return await readFile(list.slice(1), 'utf8');
  } catch (thrown) {
    throw new RunError('usage', `--instance-ids ${list} cannot be read: ${messageOf(thrown)}`, {
      hint: 'The form is @FILE, a file of instance ids, or - for stdin.',
    });
  }
}
