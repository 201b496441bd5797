/**
 * MySQL option files, as both servers' manuals describe them: groups, `name=value` or bare names, `-` and `_` alike,
 * quotes, escapes, `#` and `;` comments, `!include` and `!includedir`.
 */

export interface OptionFile {
  /** group -> option (with `-`) -> value; a bare name has the value ''. Later entries win. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly includes: readonly { readonly kind: 'file' | 'directory'; readonly path: string }[];
}

/** A line that is neither blank, comment, group, option nor directive. */
export class OptionFileError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'OptionFileError';
    this.line = line;
  }
}

/** Parses the text of one file. Throws OptionFileError with the line's number, never with its content. */
export function parseOptionFile(text: string): OptionFile {
  const groups = new Map<string, Map<string, string>>();
  const includes: OptionFile['includes'][number][] = [];
  let group: Map<string, string> | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const include = /^!include(dir)?\s+(.+)$/.exec(line);
    const header = /^\[([^\]]+)\]/.exec(line);
    if (include) {
      includes.push({ kind: include[1] ? 'directory' : 'file', path: include[2] ?? '' });
    } else if (header) {
      const name = (header[1] ?? '').trim();
      group = groups.get(name) ?? new Map();
      groups.set(name, group);
    } else if (line.startsWith('[') || line.startsWith('!')) {
      throw new OptionFileError(index + 1, 'is neither a group nor a directive');
    } else if (!group) {
      throw new OptionFileError(index + 1, 'is an option before the first [group]');
    } else {
      const [name, value] = parseOption(line);
      group.set(name, value);
    }
  }
  return { groups, includes };
}

function parseOption(line: string): [name: string, value: string] {
  const equals = line.indexOf('=');
  const name = (equals < 0 ? stripComment(line) : line.slice(0, equals)).trim().replaceAll('_', '-');
  if (equals < 0) return [name, ''];
  const text = line.slice(equals + 1).trim();
  const quote = text[0];
  const end = quote === '"' || quote === "'" ? closingQuote(text, quote) : -1;
  return [name, unescapeValue(end > 0 ? text.slice(1, end) : stripComment(text).trim())];
}

/** A `#` starts a comment in the middle of a line too, where it does not stand within quotes. */
const stripComment = (text: string): string => text.replace(/(^|\s)#.*$/, '');

function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  r: '\r',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

const unescapeValue = (text: string): string =>
  text.replace(/\\(.)/gs, (whole, letter: string) => ESCAPES[letter] ?? whole);
