import type { Connection, RowDataPacket } from 'mysql2/promise';
import { untilDone } from '../load/workers.ts';
import { Undo as UndoAll } from '../machine/undo.ts';
import type { Change, ChangeKind } from './change.ts';
import { createTableElsewhere, ELSEWHERE, type TableElsewhere } from './table-elsewhere.ts';

/** By what changes are made on a host. */
export interface ChangeMeans {
  /** A connection as root; who asks for one ends it. */
  connect(): Promise<Connection>;
  /** A folder of the account `mysql` on a volume that holds nothing else of the server; where MySQL has it among its `innodb_directories`. */
  readonly folder: string;
}

/** Who changes the world of one server. At its end everything is as it was; throws the first undo that failed. */
export interface Changer extends AsyncDisposable {
  /** Makes a change; answers when it is made, with its undo. Changes may overlap: an undo brings back what was there at first. */
  apply(change: Change): Promise<Undo>;
  /** Every table elsewhere that was made, dropped ones included. */
  readonly tables: readonly TableElsewhere[];
}

/** May be called more than once. */
export type Undo = () => Promise<void>;

/** Nothing that it does is in the server's binary log. */
export async function changerOf(means: ChangeMeans): Promise<Changer> {
  const tables: TableElsewhere[] = [];
  const changed = new UndoAll();
  const original = new Map<string, unknown>();
  const connect = async () => {
    const connection = await means.connect();
    // A server that ends is no end of the lab.
    connection.on('error', () => undefined);
    await connection.query('SET SESSION sql_log_bin = 0');
    return connection;
  };
  const root = await connect();

  const setGlobal = async (setting: string, value: number): Promise<Undo> => {
    if (!original.has(setting)) {
      const [[row]] = await root.query<RowDataPacket[]>(`SELECT @@GLOBAL.${setting} AS value`);
      original.set(setting, row?.['value']);
    }
    await root.query(`SET GLOBAL ${setting} = ${value}`);
    return async () => void (await root.query(`SET GLOBAL ${setting} = ${original.get(setting)}`));
  };

  const effects: { readonly [Kind in ChangeKind]: (change: Change & { kind: Kind }) => Promise<Undo> } = {
    'flush setting': ({ setting, value }) => setGlobal(setting, value),
    async 'flush setting and back'({ setting, value }) {
      const undo = await setGlobal(setting, value);
      await undo();
      return async () => undefined;
    },
    async 'redo log off'() {
      await untilDone(root, 'ALTER INSTANCE DISABLE INNODB REDO_LOG');
      return () => untilDone(root, 'ALTER INSTANCE ENABLE INNODB REDO_LOG');
    },
    async 'table elsewhere'({ table }) {
      const connection = await connect();
      const open = await createTableElsewhere(connection, table, means.folder).catch((error: unknown) => {
        connection.destroy();
        throw error;
      });
      tables.push(open.seen);
      return async () => {
        await open.drop();
        connection.destroy();
      };
    },
  };

  return {
    tables,
    async apply(change) {
      // One kind's effect takes that kind's change alone, which the compiler cannot follow through a union.
      const effect = effects[change.kind] as (change: Change) => Promise<Undo>;
      const undo = once(await effect(change));
      changed.add(undo);
      return undo;
    },
    async [Symbol.asyncDispose]() {
      try {
        await changed[Symbol.asyncDispose]();
        await untilDone(root, `DROP DATABASE IF EXISTS ${ELSEWHERE}`);
      } finally {
        root.destroy();
      }
    },
  };
}

/** The second call waits for the first. */
function once(undo: Undo): Undo {
  let ended: Promise<void> | undefined;
  return () => {
    ended ??= undo();
    return ended;
  };
}
