import { join } from 'node:path';
import { messageOf, RunError } from '../../shared/errors.ts';
import { mayAskServer, type Planned } from '../plan/plan-snapshot.ts';
import type { Processes, ServerSession } from '../ports.ts';
import { readCoordinates } from './coordinates.ts';

const STAT_DEADLINE_MS = 10_000;
const TRIES = 3;
/** MySQL puts this many bytes in front of an encrypted binary log, and does not count them in the position. */
const ENCRYPTION_HEADER_BYTES = 512;

/**
 * Adds a refusal where the server we talk to is not the one whose files we see: a server in a
 * container, or behind a forwarded port, names the same paths, and this host may have files of another one there. The
 * binary log has to end, as a file of this host, between where the server says that it ends before and after. A server
 * without a binary log offers no such witness.
 */
export async function refuseOtherServer(
  planned: Planned,
  session: ServerSession,
  processes: Pick<Processes, 'run'>,
): Promise<Planned> {
  const { lock, facts } = planned.plan;
  if (!mayAskServer(planned) || !facts.server.binlogEnabled) return planned;
  const folders = facts.server.files.filter(({ role }) => role === 'binlog').map(({ path }) => path);
  let seen: string | undefined;
  for (let number = 1; number <= TRIES; number++) {
    const before = (await readCoordinates(session, lock)).binlog;
    const sizes = await Promise.all(folders.map((folder) => sizeOf(processes, join(folder, before?.file ?? ''))));
    const after = (await readCoordinates(session, lock)).binlog;
    if (before === undefined || after === undefined) return planned;
    // Rotated meanwhile: look again.
    if (before.file !== after.file) continue;
    const ends = (bytes: number) => bytes >= before.position && bytes <= after.position + ENCRYPTION_HEADER_BYTES;
    if (sizes.some((bytes) => bytes !== undefined && ends(bytes))) return planned;
    const found = sizes.map((bytes) => bytes ?? 'no').join(', ');
    seen = `${before.file} ends at ${before.position} says the server, but in ${folders.join(', ')} it has ${found} bytes`;
  }
  return seen === undefined
    ? planned
    : { ...planned, refusals: [...planned.refusals, { code: 'files-unresolved', message: seen, hint: HINT }] };
}

const HINT = 'The server seems to live in a container or on another host: run the agent where its files are.';

async function sizeOf(processes: Pick<Processes, 'run'>, path: string): Promise<number | undefined> {
  const argv = ['stat', '--format=%s', '--', path];
  const { status, stdout } = await processes.run(argv, { deadlineMs: STAT_DEADLINE_MS }).catch((error: unknown) => {
    throw new RunError('files-unresolved', `stat ${path}: ${messageOf(error)}`, { cause: error });
  });
  return status === 0 ? Number(stdout) : undefined;
}
