import type { RowDataPacket } from 'mysql2/promise';
import { replicationDialect } from '../servers/replication-dialect.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** Throws away the server's binary logs but for the one that it is writing. Its replicas must have read them. */
export async function purgeBinlogs({ server }: SimulatedHost): Promise<void> {
  const connection = await server.connect();
  const [[status]] = await connection.query<RowDataPacket[]>(
    replicationDialect(server.distribution.flavour.name).ownFileQuery,
  );
  await connection.query(`PURGE BINARY LOGS TO '${status?.['File']}'`);
  await connection.end();
}
