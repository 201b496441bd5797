import { type BinlogPosition, type Coordinates, formatBinlog, sameCoordinates } from '../../shared/coordinates.ts';
import { RunError } from '../../shared/errors.ts';
import type { LockPlan, RedoProof } from '../plan/lock-plan.ts';
import { type Clock, type Row, ServerRefusal, type ServerSession } from '../ports.ts';

/** What became of a proof; `detail` is for people. */
export interface Proof {
  readonly name: 'frozen throughout' | 'lock still held' | 'coordinates unmoved';
  readonly held: boolean;
  readonly detail: string;
}

/** Between two looks at the redo log. */
const REDO_POLL_MS = 5;

/**
 * Proves, under the lock, that the redo of every acknowledged commit has reached the kernel; the sync or the
 * freeze that follows takes it to the volume. Throws RunError `redo-not-durable`.
 */
export async function proveRedoDurable(
  session: ServerSession,
  redo: RedoProof,
  clock: Clock,
  deadlineMs: number,
): Promise<void> {
  if (redo.by === 'setting') return;
  for (const statement of redo.before) await session.run(statement);
  const target = (await lsns(session, redo)).current;
  const giveUp = clock.elapsed() + deadlineMs;
  while ((await lsns(session, redo)).flushed < target) {
    if (clock.elapsed() > giveUp) {
      throw new RunError('redo-not-durable', `the redo log was not flushed to LSN ${target} within ${deadlineMs} ms`);
    }
    await clock.sleep(REDO_POLL_MS);
  }
}

async function lsns(session: ServerSession, redo: Extract<RedoProof, { by: 'lsn' }>) {
  const rows = await session.run(redo.status);
  const value = (name: string) => {
    const text = rows.find((row) => row['Variable_name'] === name)?.['Value'];
    if (!text || !/^\d+$/.test(text)) throw new RunError('redo-not-durable', `the server does not report ${name}`);
    return BigInt(text);
  };
  return { current: value(redo.current), flushed: value(redo.flushed) };
}

/** The server's own coordinates. Both parts are absent where the binary log is off. */
export async function readCoordinates(session: ServerSession, plan: LockPlan): Promise<Coordinates> {
  const [row] = await session.run(plan.coordinates);
  if (!row) return {};
  const binlog = { file: text(row, 'File'), position: Number(text(row, 'Position')) };
  const gtid = plan.gtid === undefined ? row['Executed_Gtid_Set'] : (await session.run(plan.gtid))[0]?.['gtid'];
  return { binlog, ...(gtid && { gtid: gtid.replaceAll('\n', '') }) };
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (!value) throw new RunError('server-unsupported', `the server reports no ${column} of its binary log`);
  return value;
}

/** Proves that the session which took the lock has it still. */
export async function proveLockHeld(session: ServerSession, plan: LockPlan, connectionId: number): Promise<Proof> {
  const proof = (held: boolean, detail: string): Proof => ({ name: 'lock still held', held, detail });
  try {
    const [row] = await session.run('SELECT CONNECTION_ID() AS id');
    if (row?.['id'] !== String(connectionId)) return proof(false, `connection ${row?.['id']} is not ${connectionId}`);
    if (plan.stillHeld.by === 'connection') return proof(true, `connection ${connectionId} has not ended`);
    const rows = await session.run(plan.stillHeld.sql);
    return plan.stillHeld.by === 'row' && rows.length > 0
      ? proof(true, 'the server lists it as granted')
      : proof(false, 'the server does not list it');
  } catch (error) {
    if (plan.stillHeld.by === 'refusal' && error instanceof ServerRefusal && error.errno === plan.stillHeld.errno) {
      return proof(true, error.message);
    }
    return proof(false, error instanceof Error ? error.message : String(error));
  }
}

/**
 * Proves that nothing was committed since the coordinates were read. FLUSH LOGS passes every read lock: a rotation
 * moves file and position and commits nothing, so where only that happened the recorded place stays the right one.
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
      return proof(
        sameCoordinates(now, recorded),
        recorded.binlog ? 'the binary log was switched off' : 'the binary log is off',
      );
    }
    if (sameCoordinates(now, recorded)) return proof(true, formatBinlog(now.binlog));
    const moved = `from ${formatBinlog(recorded.binlog)} to ${formatBinlog(now.binlog)}`;
    if (recorded.gtid !== now.gtid) return proof(false, `moved ${moved}, and the GTID position with them`);
    if (!isNextFile(recorded.binlog.file, now.binlog.file)) return proof(false, `moved ${moved}`);
    const change = plan.everyCommitHasGtid ? undefined : await firstChange(session, recorded.binlog, now.binlog);
    if (change !== undefined) return proof(false, `moved ${moved} by ${change}`);
    return proof(true, `rotated ${moved}, nothing committed`);
  } catch (error) {
    return proof(false, error instanceof Error ? error.message : String(error));
  }
}

/** The type of the first event since the recorded place that is more than housekeeping. Needs REPLICATION SLAVE on MySQL. */
async function firstChange(
  session: ServerSession,
  from: BinlogPosition,
  to: BinlogPosition,
): Promise<string | undefined> {
  const tail = await session.run(`SHOW BINLOG EVENTS IN ${quoted(from.file)} FROM ${from.position} LIMIT ${EVENTS}`);
  const head = await session.run(`SHOW BINLOG EVENTS IN ${quoted(to.file)} LIMIT ${EVENTS}`);
  const change = [...tail, ...head].find((row) => !HOUSEKEEPING.has(row['Event_type'] ?? ''));
  if (change) return change['Event_type'] ?? 'an event without a type';
  return tail.length + head.length >= EVENTS ? 'more events than were looked at' : undefined;
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

const isNextFile = (before: string, after: string): boolean => {
  const number = (file: string) => Number(/\.(\d+)$/.exec(file)?.[1] ?? Number.NaN);
  return number(after) === number(before) + 1;
};

/** A binary log's name comes from the server; as a literal it can hold nothing but a name. */
function quoted(file: string): string {
  if (!/^[\w.@%+-]+$/.test(file)) throw new RunError('server-unsupported', 'the binary log has an odd name');
  return `'${file}'`;
}
