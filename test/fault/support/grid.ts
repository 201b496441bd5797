import type { Cell, Scenario } from '../cells.ts';

/** `scripts/test --full`: every scenario of every grid is played, not only those that the gate has time for. */
export const WHOLE_GRID = process.env['WHOLE_GRID'] === '1';

/** One cell that can be played. */
export interface Played<Row, Column> {
  readonly row: Row;
  readonly column: Column;
  readonly scenario: Scenario;
}

type Grid<Row extends string, Column extends string> = Readonly<Record<Row, Readonly<Record<Column, Cell>>>>;

/** All that can be played of a grid, row by row. */
export const wholeGrid = <Row extends string, Column extends string>(
  grid: Grid<Row, Column>,
): readonly Played<Row, Column>[] =>
  keysOf(grid).flatMap((row) =>
    keysOf(grid[row]).flatMap((column) => {
      const cell: Cell = grid[row][column];
      return 'impossible' in cell ? [] : [{ row, column, scenario: cell }];
    }),
  );

/**
 * The part of a grid that the gate has time for, always the same: of every row one cell at least, and of every column one
 * for each way in which it ends. They are taken along the diagonals.
 */
export function partOfGrid<Row extends string, Column extends string>(
  grid: Grid<Row, Column>,
): readonly Played<Row, Column>[] {
  const all = wholeGrid(grid);
  const rows = keysOf(grid);
  const diagonals = rows.flatMap((first) =>
    rows.flatMap((row, number) => {
      const columns = keysOf(grid[row]);
      const column = columns[(number + rows.indexOf(first)) % columns.length];
      return all.filter((each) => each.row === row && each.column === column);
    }),
  );
  const covered = new Set<string>();
  const part = diagonals.filter(({ row, column, scenario }) => {
    const covers = [row, `${column} ${JSON.stringify(scenario)}`];
    const isNew = covers.some((each) => !covered.has(each));
    if (isNew) for (const each of covers) covered.add(each);
    return isNew;
  });
  return all.filter((each) => part.includes(each));
}

/** What is played of a grid, in the gate or else. */
export const played = <Row extends string, Column extends string>(
  grid: Grid<Row, Column>,
): readonly Played<Row, Column>[] => (WHOLE_GRID ? wholeGrid(grid) : partOfGrid(grid));

const keysOf = <Key extends string>(record: Readonly<Record<Key, unknown>>) => Object.keys(record) as Key[];
