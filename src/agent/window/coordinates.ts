import { type BinlogPosition, type Coordinates, formatBinlog, sameCoordinates } from '../../shared/coordinates.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import type { Row, ServerSession } from '../ports.ts';
import { type Proof, STATEMENT_DEADLINE_MS } from './proof.ts';

/** The server's own coordinates. Both parts are absent where it has no binary log. */
export async function readCoordinates(session: ServerSession, plan: LockPlan): Promise<Coordinates> {
  const [row] = await session.run(plan.coordinates, STATEMENT_DEADLINE_MS);
  if (!row) return {};
  const binlog = { file: text(row, 'File'), position: Number(text(row, 'Position')) };
  const gtid =
    plan.gtid === undefined
      ? row['Executed_Gtid_Set']
      : (await session.run(plan.gtid, STATEMENT_DEADLINE_MS))[0]?.['gtid'];
  return { binlog, ...(gtid && { gtid: gtid.replaceAll('\n', '') }) };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (!value) throw new RunError('server-unsupported', `the server reports no ${column} of its binary log`);
  return value;
}

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
  const events = async (where: string) =>
    session.run(`SHOW BINLOG EVENTS IN ${where} LIMIT ${EVENTS}`, STATEMENT_DEADLINE_MS);
  const since = [
    ...(await events(`${quoted(from.file)} FROM ${from.position}`)),
    ...(from.file === to.file ? [] : await events(quoted(to.file))),
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

/** A binary log's name comes from the server; as a literal it can hold nothing but a name. */
function quoted(file: string): string {
  if (!/^[\w.@%+-]+$/.test(file)) throw new RunError('server-unsupported', 'the binary log has an odd name');
  return `'${file}'`;
}
