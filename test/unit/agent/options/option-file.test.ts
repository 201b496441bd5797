import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionFileError, parseOptionFile } from '../../../../src/agent/options/option-file.ts';

const group = (text: string, name = 'client') => Object.fromEntries(parseOptionFile(text).groups.get(name) ?? []);

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
    ['password=a#b', 'a#b'],
    ['password=a #b', 'a'],
    [String.raw`password="a\"b"`, 'a"b'],
    [String.raw`password=a\sb\\c\t`, 'a b\\c\t'],
    [String.raw`password='it\'s'`, "it's"],
    [String.raw`password=a\qb`, String.raw`a\qb`],
    ['password=', ''],
    ['password="', '"'],
  ])('%s', (line, password) => {
    expect(group(`[client]\n${line}`)).toEqual({ password });
  });

  it('names the files and folders it includes', () => {
    const { includes } = parseOptionFile('!include /etc/other.cnf\n!includedir /etc/mysql/conf.d/\n');
    expect(includes).toEqual([
      { kind: 'file', path: '/etc/other.cnf' },
      { kind: 'directory', path: '/etc/mysql/conf.d/' },
    ]);
  });

  it.each([
    ['user=root', 1],
    ['[client]\nuser=x\n[broken', 3],
    ['[client]\n!inc /x', 2],
  ])('refuses %j by its line, without its content', (text, line) => {
    expect(() => parseOptionFile(text)).toThrow(expect.objectContaining({ line }));
    expect(() => parseOptionFile(text)).not.toThrow(/root|broken|\/x/);
  });

  it('gives back any password that was written in double quotes with escapes', () => {
    const printable = fc.string({ unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(printable, (password) => {
        const written = password.replace(/[\\"']/g, '\\$&');
        expect(group(`[client]\npassword="${written}"`)).toEqual({ password });
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
