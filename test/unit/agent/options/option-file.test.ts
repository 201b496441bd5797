import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionFileError, parseOptionFile } from '../../../../src/agent/options/option-file.ts';

/** The options of a group in a file without includes. */
function group(text: string, name = 'client') {
  const options = parseOptionFile(text).filter((part) => part.kind === 'option');
  return Object.fromEntries(options.filter((each) => each.group === name).map((each) => [each.name, each.value]));
}

describe('an option file', () => {
  it('gives names and values as MySQL reads them', () => {
    const text = `
# a comment
; another
[client]
user = backup
password="pa ss#word"   # not part of it
socket=/run/mysqld/mysqld.sock # nor this
skip_ssl
[mysqld]
user=mysql
[client]
user=later
`;
    expect(group(text)).toEqual({
      user: 'later',
      password: 'pa ss#word',
      socket: '/run/mysqld/mysqld.sock',
      'skip-ssl': '',
    });
    expect(group(text, 'mysqld')).toEqual({ user: 'mysql' });
  });

  it.each([
    ['password=a#b', 'a'],
    ['password=a #b', 'a'],
    ['password="a#b"', 'a#b'],
    ["password=it's #1", "it's #1"],
    [String.raw`password="a\"#b" # c`, 'a"#b'],
    ['password="a" b', '"a" b'],
    [String.raw`password="x\"`, String.raw`x\"`.slice(0, -1)],
    [String.raw`password="a\"b"`, 'a"b'],
    [String.raw`password=a\sb\\c\t`, 'a b\\c\t'],
    [String.raw`password='it\'s'`, "it's"],
    [String.raw`password=a\qb`, String.raw`a\qb`],
    ['password=', ''],
    ['password="', '"'],
  ])('%s', (line, password) => {
    expect(group(`[client]\n${line}`)).toEqual({ password });
  });

  it('names the files and folders it includes, and what stands before and behind', () => {
    const parts = parseOptionFile('[a]\nx=1\n!include /etc/other.cnf\nx=2\n!includedir /etc/mysql/conf.d/\n');
    expect(parts).toEqual([
      { kind: 'option', group: 'a', name: 'x', value: '1', line: 2 },
      { kind: 'file', path: '/etc/other.cnf' },
      { kind: 'option', group: 'a', name: 'x', value: '2', line: 4 },
      { kind: 'directory', path: '/etc/mysql/conf.d/' },
    ]);
  });

  it('keeps the order of the file across groups, whose names are in any case', () => {
    const text = '[b]\nx=1\n[A]\nx=2\n[B ]more\nx=3\n[ b]\nx=4\n';
    expect(parseOptionFile(text)).toMatchObject([
      { group: 'b', value: '1' },
      { group: 'a', value: '2' },
      { group: 'b', value: '3' },
      { group: ' b', value: '4' },
    ]);
  });

  it.each([
    ['user=root', 1],
    ['[client]\nuser=x\n[broken', 3],
    ['[client]\n!inc /x', 2],
    ['\ufeff[client]', 1],
    ['[client]\nx=root\0', 2],
    [`[client]\n#${'x'.repeat(4094)}\n`, 2],
    ['[client]\npassword=rootà', 2],
    ['[client]\n!include /x # y', 2],
    ['[client]\n!includedir', 2],
  ])('refuses %j by its line, without its content', (text, line) => {
    expect(() => parseOptionFile(text)).toThrow(expect.objectContaining({ line }));
    expect(() => parseOptionFile(text)).not.toThrow(/root|broken|\/x/);
  });

  /** A value as the manuals say it may be written: bare where nothing in it means anything, or in either quotes. */
  const written = (value: string) =>
    fc.constantFrom('"', "'").map((quote) => {
      // The programs cut off a last byte 0xa0.
      const isCut = Buffer.from(value).at(-1) === 0xa0;
      const bare = value !== '' && !isCut && !/[#"'\\\s\p{Cc}]/u.test(value);
      const escaped = value.replace(/[\\\n\r\t\b]/g, (each) => `\\${WRITTEN[each]}`).replaceAll(quote, `\\${quote}`);
      return bare ? value : `${quote}${escaped}${quote}`;
    });
  const WRITTEN: Readonly<Record<string, string>> = { '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b' };
  const space = fc.constantFrom('', ' ', '\t ');
  const option = fc
    .tuple(fc.stringMatching(/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/), fc.string({ unit: 'grapheme' }))
    .chain(([name, value]) =>
      fc
        .tuple(written(value), space, space, fc.constantFrom('', ' # "why"', '\r'))
        .map(([text, before, after, end]) => ({
          name: name.replaceAll('_', '-'),
          value,
          line: `${before}${name}${after}=${before}${text}${after}${end}`,
        })),
    );
  const groupName = fc.constantFrom('client', 'mysqld', 'mysql-ebs-snapshot');

  it('gives back any values that were written as the manuals say, the last of a name', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(groupName, fc.array(option))), (sections) => {
        const lines = sections.flatMap(([name, options]) => [`[${name}]`, '; why', ...options.map(({ line }) => line)]);
        for (const name of ['client', 'mysqld', 'mysql-ebs-snapshot']) {
          const options = sections.filter(([each]) => each === name).flatMap(([, own]) => own);
          expect(group(lines.join('\n'), name)).toEqual(
            Object.fromEntries(options.map(({ name: key, value }) => [key, value])),
          );
        }
      }),
    );
  });

  it('answers or refuses any text, and never fails otherwise', () => {
    const lines = fc.array(fc.oneof(fc.string(), fc.constantFrom('[client]', '[', 'a=b', '!include', '"', '\\')));
    fc.assert(
      fc.property(lines, (text) => {
        try {
          parseOptionFile(text.join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(OptionFileError);
        }
      }),
    );
  });
});
