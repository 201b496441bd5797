import { onOneLine } from '../../shared/printable.ts';
import { cutToWidth, padToWidth, widthOf } from './width.ts';

/** A column of a table: what stands in it for a row, `undefined` for nothing, and how that is dressed. */
export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => string | undefined;
  readonly paint?: (row: T, text: string) => string;
}

/** The widest text of a column, in columns of the terminal; the whole is in the JSON. */
const WIDEST = 48;

/** The heading and the rows, without the columns in which no row has anything. */
export function layOut<T>(rows: readonly T[], columns: readonly Column<T>[]): { heading: string; lines: string[] } {
  const laidOut = columns
    .filter(({ cell }) => rows.some((row) => cell(row) !== undefined))
    .map(({ title, cell, paint }) => {
      const cells = rows.map((row) => shorten(onOneLine(cell(row) ?? '-')));
      return { title, cells, paint, width: Math.max(...[title, ...cells].map(widthOf)) };
    });
  const heading = laidOut
    .map(({ title, width }) => padToWidth(title, width))
    .join('  ')
    .trimEnd();
  const lines = rows.map((row, at) =>
    laidOut
      .map(({ cells, paint, width }) => {
        const text = padToWidth(cells[at] ?? '', width);
        return paint === undefined ? text : paint(row, text);
      })
      .join('  ')
      .trimEnd(),
  );
  return { heading, lines };
}

const shorten = (text: string): string => (widthOf(text) <= WIDEST ? text : `${cutToWidth(text, WIDEST - 1)}…`);
