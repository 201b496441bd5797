/**
 * MySQL option files, as the servers' own programs read them (compared with MariaDB's my_print_defaults): groups,
 * `name=value` or bare names, `-` and `_` alike, quotes, escapes, `#` and `;` comments, `!include` and `!includedir`.
 */

/** What stands in one file, in the order in which it counts: a later value wins, one from an included file too. */
export type OptionFile = readonly (Options | Include)[];

export interface Options {
  readonly kind: 'options';
  /** group -> option (with `-`) -> value; a bare name has the value ''. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface Include {
  readonly kind: 'file' | 'directory';
  readonly path: string;
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
  const parts: (Options | Include)[] = [];
  let groups = new Map<string, Map<string, string>>();
  let group: string | undefined;
  for (const [index, raw] of text.replace(BYTE_ORDER_MARK, '').split('\n').entries()) {
    const line = trim(raw);
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const include = /^!include(dir)?[ \t]+(.+)$/.exec(line);
    const header = /^\[([^\]]*)\]/.exec(line);
    if (include) {
      parts.push({ kind: 'options', groups }, { kind: include[1] ? 'directory' : 'file', path: include[2] ?? '' });
      groups = new Map();
    } else if (header) {
      group = trim(header[1] ?? '');
    } else if (line.startsWith('[') || line.startsWith('!')) {
      throw new OptionFileError(index + 1, 'is neither a group nor a directive');
    } else if (group === undefined) {
      throw new OptionFileError(index + 1, 'is an option before the first [group]');
    } else {
      const options = groups.get(group) ?? new Map<string, string>();
      groups.set(group, options.set(...parseOption(withoutComment(line))));
    }
  }
  return [...parts, { kind: 'options', groups }];
}

/** Nobody sees it. */
const BYTE_ORDER_MARK = /^\ufeff/;

/** White space is what C takes for it; a name or password may begin with any other. */
const trim = (text: string): string => text.replace(/^[ \t\r\f\v]+|[ \t\r\f\v]+$/g, '');

function parseOption(line: string): [name: string, value: string] {
  const equals = line.indexOf('=');
  const name = trim(equals < 0 ? line : line.slice(0, equals)).replaceAll('_', '-');
  return [name, equals < 0 ? '' : unescapeValue(unquote(trim(line.slice(equals + 1))))];
}

/** Quotes are taken off where the same one begins and ends the value. */
const unquote = (value: string): string => (/^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value);

/** A `#` begins a comment anywhere but within quotes, where a backslash keeps a quote from ending them. */
function withoutComment(line: string): string {
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    if (quote === undefined) {
      if (character === '#') return line.slice(0, at);
      if (character === '"' || character === "'") quote = character;
    } else if (character === '\\') at++;
    else if (character === quote) quote = undefined;
  }
  return line;
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
