import type { Connection, RowDataPacket } from 'mysql2/promise';

/** A table that is not the same on source and replica, and in what. */
export interface TableDifference {
  /** Quoted, like `` `lab`.`accounts` ``. */
  readonly table: string;
  readonly difference: 'is not on the replica' | 'is not on the source' | 'has other rows';
}

/** Table -> checksum of all its rows. */
export type Checksums = ReadonlyMap<string, string>;

/** The checksum of every table outside the system schemas, and outside those that replicate nowhere. Nobody may be writing. */
export async function checksumsOf(connection: Connection, local: readonly string[] = []): Promise<Checksums> {
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' " +
      "AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2",
  );
  const checksums = new Map<string, string>();
  for (const table of tables.filter(({ schema }) => !local.includes(String(schema)))) {
    const name = `${quoted(table['schema'])}.${quoted(table['name'])}`;
    const [[row]] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${name}`);
    checksums.set(name, String(row?.['Checksum']));
  }
  return checksums;
}

/** Every table that is on one side alone, or has other rows there. */
export function compareTables(source: Checksums, replica: Checksums): readonly TableDifference[] {
  const names = [...new Set([...source.keys(), ...replica.keys()])].toSorted();
  return names.flatMap((table): TableDifference[] => {
    if (!replica.has(table)) return [{ table, difference: 'is not on the replica' }];
    if (!source.has(table)) return [{ table, difference: 'is not on the source' }];
    // NULL: the server could not read the table.
    const isSame = source.get(table) === replica.get(table) && source.get(table) !== 'null';
    return isSame ? [] : [{ table, difference: 'has other rows' }];
  });
}

const quoted = (name: unknown): string => `\`${String(name).replaceAll('`', '``')}\``;
