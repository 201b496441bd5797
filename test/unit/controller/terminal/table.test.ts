import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { type Column, layOut } from '../../../../src/controller/terminal/table.ts';
import { cutToWidth } from '../../../../src/controller/terminal/width.ts';

interface Row {
  readonly name: string;
  readonly state: string;
}
const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'STATE', cell: ({ state }) => state },
];
const linesOf = (...names: string[]): readonly string[] =>
  layOut(
    names.map((name) => ({ name, state: 'done' })),
    COLUMNS,
  ).lines;

/** Of each line: the column of the terminal in which the state begins. */
const columnsOfState = (lines: readonly string[]): readonly number[] =>
  lines.map((line) => stringWidth(line.slice(0, line.lastIndexOf('done'))));

describe('the columns of a table stay aligned', () => {
  it('where a name is in Japanese, or has an emoji or a combining mark', () => {
    expect(linesOf('orders', '注文データベース', 'db 🚀', 'e\u0301tage')).toEqual([
      'orders            done',
      '注文データベース  done',
      'db 🚀             done',
      'e\u0301tage             done',
    ]);
  });

  it('where a wide name is cut', () => {
    const lines = linesOf('orders', '注'.repeat(40));
    expect(lines).toEqual([`orders${' '.repeat(43)}done`, `${'注'.repeat(23)}…  done`]);
    expect(columnsOfState(lines)).toEqual([49, 49]);
  });

  it('whatever the names are', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const [first, ...others] = columnsOfState(linesOf(...names));
        for (const other of others) expect(other).toBe(first);
        expect(first).toBeLessThanOrEqual(50);
      }),
    );
  });
});

it('a text is cut to a width, and no character in two', () => {
  expect(cutToWidth('a注b', 2)).toBe('a');
  expect(cutToWidth('a注b', 3)).toBe('a注');
  expect(cutToWidth('a👍🏽b', 2)).toBe('a');
  expect(cutToWidth('short', 48)).toBe('short');
});
