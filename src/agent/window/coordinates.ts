import * as v from 'valibot';
import {
  type BinlogPosition,
  Coordinates,
  formatBinlog,
  sameCoordinates,
  sameReplica,
} from '../../shared/coordinates.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import { channelsOf } from '../discovery/replica.ts';
import { wholeNumber } from '../discovery/variables.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import type { Row, ServerSession } from '../ports.ts';
import { parseLsn } from './lsn.ts';
import { type Proof, STATEMENT_DEADLINE_MS } from './proof.ts';
import { briefly, queryUnderLock } from './query-under-lock.ts';

/** Coordinates, and the redo LSN of the same moment where the server reports it with them. */
export interface CoordinatesAt {
  readonly coordinates: Coordinates;
  readonly lsn: bigint | undefined;
}

/**
 * The server's own coordinates, absent where it has no binary log, and on a replica what it has executed of its sources.
 * Throws RunError `coordinates-unreadable` where it reports none, or what it says is none.
 */
export const readCoordinates = async (session: ServerSession, plan: LockPlan): Promise<Coordinates> =>
  (await readCoordinatesAt(session, plan)).coordinates;

/** The same with the LSN. */
export async function readCoordinatesAt(session: ServerSession, plan: LockPlan): Promise<CoordinatesAt> {
  const [row] = await queryUnderLock(session, plan.coordinates, 'coordinates-unreadable');
  return { coordinates: await readBoth(session, plan, row), lsn: parseLsn(row?.['lsn']) };
}

/** Throws RunError `coordinates-unreadable` where a server whose binary log is on names no place in it. */
export function requireBinlog({ binlog }: Coordinates, plan: LockPlan): void {
  if (binlog !== undefined) return;
  throw new RunError('coordinates-unreadable', `${briefly(plan.coordinates)} names no place although log_bin is on`);
}

async function readBoth(session: ServerSession, plan: LockPlan, row: Row | undefined): Promise<Coordinates> {
  const own = await ownCoordinates(session, plan, row);
  if (plan.replica === undefined) return parse(plan.coordinates, own);
  const { status, parallel, stopped, gtid } = plan.replica;
  const rows = await queryUnderLock(session, status.sql, 'coordinates-unreadable');
  const channels = channelsOf(rows, status, { parallel, stopped });
  const executed = await askGtid(session, gtid);
  return parse(status.sql, { ...own, replica: { channels, ...(executed && { gtid: executed }) } });
}

/** Without a binary log there is no row, or one that names no file. */
async function ownCoordinates(
  session: ServerSession,
  plan: LockPlan,
  row: Row | undefined,
): Promise<Record<string, unknown>> {
  if (!row || row['File'] === null) return {};
  const gtid = plan.gtid === undefined ? oneLine(row['Executed_Gtid_Set']) : await askGtid(session, plan.gtid);
  return { binlog: { file: row['File'], position: wholeNumber(row['Position']) }, ...(gtid && { gtid }) };
}

async function askGtid(session: ServerSession, sql: string | undefined): Promise<string | undefined> {
  if (sql === undefined) return undefined;
  const [row] = await queryUnderLock(session, sql, 'coordinates-unreadable');
  return oneLine(row?.['gtid']);
}

/** MySQL shows a set with a line break after each comma. */
const oneLine = (gtid: string | null | undefined): string | undefined => gtid?.replaceAll(',\n', ',');

function parse(statement: string, said: unknown): Coordinates {
  const coordinates = v.safeParse(Coordinates, said);
  if (coordinates.success) return coordinates.output;
  const [issue] = coordinates.issues;
  const value = String(issue.input).slice(0, LONGEST_QUOTE);
  throw new RunError(
    'coordinates-unreadable',
    `${briefly(statement)}: ${v.getDotPath(issue)} '${value}' ${issue.message}`,
  );
}

/** How much of what is none is quoted. */
const LONGEST_QUOTE = 100;

/**
 * Proves that nothing was committed since the coordinates were read. FLUSH LOGS passes every read lock: a rotation
 * moves file and position, MariaDB's background thread notes a checkpoint up to a second later, and neither commits
 * anything, so where only that happened the recorded place stays the right one. Never throws.
 */
export async function proveCoordinatesUnmoved(
  session: ServerSession,
  plan: LockPlan,
  recorded: Coordinates,
): Promise<Proof> {
  const proof = (held: boolean, detail: string): Proof => ({ name: 'coordinates unmoved', held, detail });
  try {
    const now = await readCoordinates(session, plan);
    if (!sameReplica(recorded, now)) return proof(false, 'the replica has executed more of its sources');
    if (!recorded.binlog || !now.binlog) {
      const what = recorded.binlog ? 'the binary log was switched off' : 'the binary log is off';
      return proof(sameCoordinates(now, recorded), what);
    }
    if (sameCoordinates(now, recorded)) return proof(true, formatBinlog(now.binlog));
    const moved = `from ${formatBinlog(recorded.binlog)} to ${formatBinlog(now.binlog)}`;
    if (recorded.gtid !== now.gtid) return proof(false, `moved ${moved}, and the GTID position with them`);
    if (!isFurther(recorded.binlog, now.binlog)) return proof(false, `moved ${moved}`);
    const change = plan.everyCommitHasGtid ? undefined : await firstChange(session, recorded.binlog, now.binlog);
    if (change !== undefined) return proof(false, `moved ${moved} by ${change}`);
    return proof(true, `moved ${moved}, nothing committed`);
  } catch (error) {
    return proof(false, messageOf(error));
  }
}

/** Later in the same file, or in the next one: anything else is no rotation. */
function isFurther(from: BinlogPosition, to: BinlogPosition): boolean {
  if (from.file === to.file) return to.position > from.position;
  const number = (file: string) => Number(/\.(\d+)$/.exec(file)?.[1] ?? Number.NaN);
  return number(to.file) === number(from.file) + 1;
}

/** The type of the first event since the recorded place that is more than housekeeping. Needs REPLICATION SLAVE on MySQL. */
async function firstChange(
  session: ServerSession,
  from: BinlogPosition,
  to: BinlogPosition,
): Promise<string | undefined> {
  // The names were parsed when they were read: they hold nothing that ends a literal.
  const events = async (where: string) =>
    session.run(`SHOW BINLOG EVENTS IN ${where} LIMIT ${EVENTS}`, STATEMENT_DEADLINE_MS);
  const since = [
    ...(await events(`'${from.file}' FROM ${from.position}`)),
    ...(from.file === to.file ? [] : await events(`'${to.file}'`)),
  ];
  const change = since.find((row) => !HOUSEKEEPING.has(row['Event_type'] ?? ''));
  if (change) return change['Event_type'] ?? 'an event without a type';
  return since.length >= EVENTS ? 'more events than were looked at' : undefined;
}

/** A rotation leaves a handful of events. */
const EVENTS = 100;

/** Binary log events that carry no change of data, both flavours. */
const HOUSEKEEPING = new Set([
  'Rotate',
  'Stop',
  'Format_desc',
  'Gtid_list',
  'Binlog_checkpoint',
  'Previous_gtids',
  'Start_encryption',
]);
