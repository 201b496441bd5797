/**
 * MySQL option files, as the servers' own programs read them [seen on my_print_defaults of MySQL 9.7, MariaDB 10.11 and
 * 11.8]: groups, `name=value` or bare names, `-` and `_` alike, quotes, escapes, `#` and `;` comments, `!include` and
 * `!includedir`. What they read differently from each other, or skip in silence, is refused.
 */

/** What stands in one file, in the order in which it counts: a later value wins, one from an included file too. */
export type OptionFile = readonly (Option | Include)[];

export interface Option {
  readonly kind: 'option';
  /** In lower case: the programs take a group's name in any. */
  readonly group: string;
  /** With `-`, else as written. */
  readonly name: string;
  /** A bare name has the value ''. */
  readonly value: string;
  readonly line: number;
}

export interface Include {
  readonly kind: 'file' | 'directory';
  readonly path: string;
}

/** A line that is neither blank, comment, group, option nor directive, or means different things to the programs. */
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
  const parts: (Option | Include)[] = [];
  let group: string | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const number = index + 1;
    refuseAmbiguous(raw, number);
    const line = trim(raw);
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const include = INCLUDE.exec(line);
    const header = /^\[([^\]]*)\]/.exec(line);
    if (include) {
      const [, directory, path = ''] = include;
      if (withoutComment(path) !== path) {
        throw new OptionFileError(number, "has a '#' in its path, which MySQL's programs cut off and MariaDB's do not");
      }
      parts.push({ kind: directory ? 'directory' : 'file', path });
    } else if (header) {
      // `[ client]` is another group than `[client]`.
      group = trimEnd(header[1] ?? '').toLowerCase();
    } else if (line.startsWith('[') || line.startsWith('!')) {
      throw new OptionFileError(number, 'is neither a group nor a directive');
    } else if (group === undefined) {
      throw new OptionFileError(number, 'is an option before the first [group]');
    } else {
      const [name, value] = splitOption(withoutComment(line));
      if (Buffer.from(value).at(-1) === LATIN1_SPACE) {
        throw new OptionFileError(number, 'ends in a byte 0xa0, which the programs cut off: put the value in quotes');
      }
      parts.push({ kind: 'option', group, name, value: unescapeValue(unquote(value)), line: number });
    }
  }
  return parts;
}

const INCLUDE = /^![ \t\r\f\v]*include(dir)?[ \t\r\f\v]+(.+)$/s;

/** MariaDB's programs go on reading behind this many bytes as if a new line began there; MySQL's do not. */
const LONGEST_LINE_BYTES = 4094;

function refuseAmbiguous(line: string, number: number): void {
  if (number === 1 && line.startsWith('\ufeff')) {
    throw new OptionFileError(number, 'begins with a byte order mark: remove it');
  }
  // MariaDB's programs end the line there, MySQL's join the next one to it.
  if (line.includes('\0')) throw new OptionFileError(number, 'holds a NUL');
  if (Buffer.byteLength(line) > LONGEST_LINE_BYTES) {
    throw new OptionFileError(number, `is longer than ${LONGEST_LINE_BYTES} bytes`);
  }
}

/** White space is what C takes for it; a name or password may begin with any other. */
const trim = (text: string): string => trimEnd(text.replace(/^[ \t\r\f\v]+/, ''));
const trimEnd = (text: string): string => text.replace(/[ \t\r\f\v]+$/, '');

/** White space in latin1, in which the programs read; also the last byte of an `à` in UTF-8. */
const LATIN1_SPACE = 0xa0;

function splitOption(line: string): [name: string, value: string] {
  const equals = line.indexOf('=');
  const name = trim(equals < 0 ? line : line.slice(0, equals)).replaceAll('_', '-');
  return [name, equals < 0 ? '' : trim(line.slice(equals + 1))];
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
