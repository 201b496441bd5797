import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readOptionFiles } from '../../../src/agent/adapters/option-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'option-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [main, included] = [join(folder, 'main.cnf'), join(folder, 'included.cnf')];

/** What the server's own program reads, as it prints it; a later option of a name wins. */
function asTheServerReads(group: string): Map<string, string> {
  const printed = execFileSync('my_print_defaults', [`--defaults-file=${main}`, group], { encoding: 'utf8' });
  const lines = printed.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => [line.replace(/^--|=.*$/g, ''), line.includes('=') ? line.replace(/^[^=]*=/, '') : '']),
  );
}

test('option files are read as the server’s own programs read them', () => {
  // Line breaks would not show in what my_print_defaults prints, and what else is white space is a matter of bytes there.
  const value = fc.string({ unit: fc.constantFrom(...'ab1#\'"\\ \t=;[]!tsq€'), maxLength: 12 });
  const line = fc.oneof(
    fc.tuple(fc.constantFrom('user', 'port', 'x'), fc.constantFrom('=', ' = '), value).map((parts) => parts.join('')),
    fc.constantFrom(
      '[client]',
      '[mysqld]',
      '[client] more',
      ' [client]',
      '# c',
      'bare',
      'bare # c',
      '',
      `!include ${included}`,
    ),
  );
  const file = fc.array(line, { maxLength: 12 }).map((lines) => ['[client]', ...lines, '']);
  fc.assert(
    fc.property(file, file, (lines, others) => {
      writeFileSync(main, lines.join('\n'));
      writeFileSync(included, others.filter((each) => !each.startsWith('!')).join('\n'));
      expect(readOptionFiles(['client'], main, undefined)).toEqual(asTheServerReads('client'));
    }),
    { numRuns: 300 },
  );
});

test('a folder or a file that cannot be included is refused by name', () => {
  mkdirSync(join(folder, 'folder.cnf'), { recursive: true });
  for (const directive of [`!include ${join(folder, 'folder.cnf')}`, `!includedir ${included}`]) {
    writeFileSync(included, '');
    writeFileSync(main, directive);
    expect(() => readOptionFiles(['client'], main, undefined)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(directive.split(' ')[1] ?? '') }),
    );
  }
});

test('a file that anybody may write is not believed, included or not', () => {
  writeFileSync(main, `[client]\nport=1\n!include ${included}`);
  writeFileSync(included, '[client]\nuser=somebody');
  for (const [file, mode] of [
    [included, 0o646],
    [main, 0o602],
  ] as const) {
    chmodSync(file, mode);
    expect(() => readOptionFiles(['client'], main, undefined)).toThrow(
      expect.objectContaining({ code: 'usage', message: `${file} may be written by anybody, so it is not believed` }),
    );
    chmodSync(file, 0o644);
  }
  expect(readOptionFiles(['client'], main, undefined)).toEqual(
    new Map([
      ['port', '1'],
      ['user', 'somebody'],
    ]),
  );
  writeFileSync(included, '[another]\nuser=x');
  chmodSync(included, 0o666);
  expect(readOptionFiles(['client'], main, undefined)).toEqual(new Map([['port', '1']]));
  expect(readOptionFiles(['client'], '/dev/null', undefined)).toEqual(new Map());
});
