import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Beginning, ReplicationDialect, Row, SourceAddress } from '../servers/replication-dialect.ts';
import { normalGtid } from '../servers/replication-dialect.ts';

const CATCH_UP_MS = 60_000;
/** A wait on the server hears nothing of errors: it is broken off to look for them. */
const WAIT_SECONDS = 1;
const POLL_MS = 50;

/** Starts to replicate, over a connection of root to the server that is to be the replica. */
export async function startReplica(
  connection: Connection,
  dialect: ReplicationDialect,
  source: SourceAddress,
  from: Beginning,
): Promise<void> {
  for (const statement of dialect.replicate(source, from)) await connection.query(statement);
}

/**
 * Waits until a replica has executed a GTID set of its source, over a connection of root. Returns what keeps it from that,
 * like `1062 Duplicate entry …`, where something does; a minute is long enough. `signal` cancels the wait.
 */
export async function catchUp(
  connection: Connection,
  dialect: ReplicationDialect,
  gtid: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const workersErrors = async () => {
    if (dialect.workersQuery === undefined) return [];
    return (await rowsOf(connection, dialect.workersQuery)).map(({ number, message }) => `${number} ${message}`);
  };
  const giveUp = Date.now() + CATCH_UP_MS;
  for (;;) {
    const [row] = await rowsOf(connection, dialect.waitQuery(gtid, WAIT_SECONDS));
    if (Number(row?.['isThere']) === 1) return undefined;
    const { error } = dialect.readState(await rowsOf(connection, dialect.stateQuery));
    if (error !== undefined) return [error, ...(await workersErrors())].join('; ');
    if (Date.now() > giveUp) return `it has not caught up within ${CATCH_UP_MS / 1_000} s`;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** The GTID set that a query of the dialect answers, in its normal form; empty where there is none. */
export async function gtidOf(connection: Connection, query: string): Promise<string> {
  const [row] = await rowsOf(connection, query);
  return normalGtid(row?.['gtid']);
}

async function rowsOf(connection: Connection, sql: string): Promise<readonly Row[]> {
  return (await connection.query<RowDataPacket[]>(sql))[0];
}
