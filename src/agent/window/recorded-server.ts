import { RunError } from '../../shared/errors.ts';
import type { RecordedServer, ServerSession } from '../ports.ts';

const SQL = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('datadir', 'server_uuid', 'server_uid')";

/** What the server says of itself, for a record of what was done to it. Throws RunError `server-unsupported`. */
export async function askServer(session: ServerSession): Promise<RecordedServer> {
  const rows = await session.run(SQL);
  const said = (name: string) => rows.find(({ Variable_name: each }) => each === name)?.['Value'];
  const datadir = said('datadir');
  if (!datadir) throw new RunError('server-unsupported', 'the server does not say where its data directory is');
  const uuid = said('server_uuid') ?? said('server_uid');
  return { datadir, ...(uuid && { uuid }) };
}

/** Whether a record is about the server that is met here. */
export async function isServer(session: ServerSession, recorded: RecordedServer): Promise<boolean> {
  const { datadir, uuid } = await askServer(session);
  return datadir === recorded.datadir && uuid === recorded.uuid;
}
