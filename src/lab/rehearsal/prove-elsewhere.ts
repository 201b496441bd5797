import type { SetLevel } from '../../shared/result.ts';
import type { TableElsewhere } from '../changes/table-elsewhere.ts';

/** What was seen of the tables elsewhere, and of what a set holds of them. Times are milliseconds of the wall clock. */
export interface ElsewhereEvidence {
  /** Those of the round, dropped ones included. */
  readonly tables: readonly TableElsewhere[];
  /** The tables in the restored set, with their rows. */
  readonly restored: ReadonlyMap<string, ReadonlySet<number>>;
  /** When the volumes had been captured. */
  readonly capturedAt: number;
  readonly manifest: { readonly level: SetLevel; readonly takenAt: number };
}

export interface ElsewhereProof {
  /** Acknowledged rows that the set has to hold. */
  readonly rows: number;
  /** Acknowledged rows that are missing, those of missing tables included. */
  readonly ackedLost: number;
  /** Sentences for people. */
  readonly complaints: readonly string[];
}

/**
 * What is kept out of the binary log has one witness, the clock: a row that was acknowledged before `takenAt` is in the set.
 * So is a table, unless its DROP may have been carried out: no DROP is from the lock to the unlock, and at level
 * `crash`, where `takenAt` comes before DDL is held back, none that was sent after the capture. A row that was sent after the
 * capture is not of the set: the original shows through.
 */
export function proveElsewhere({ tables, restored, capturedAt, manifest }: ElsewhereEvidence): ElsewhereProof {
  const { level, takenAt } = manifest;
  const heldFrom = level === 'crash' ? capturedAt : takenAt;
  let [needed, ackedLost] = [0, 0];
  const complaints: string[] = [];
  for (const { table, createdAt, ackedAt, lastSentAt, dropSentAt } of tables) {
    const rows = restored.get(table);
    const mayBeDropped = dropSentAt !== undefined && dropSentAt <= heldFrom;
    const acknowledged = ackedAt.flatMap((at, index) => (at < takenAt ? [index + 1] : []));
    const needs = rows === undefined && mayBeDropped ? [] : acknowledged;
    const lost = needs.filter((row) => !rows?.has(row));
    needed += needs.length;
    ackedLost += lost.length;
    if (rows === undefined && !mayBeDropped && createdAt < takenAt) {
      complaints.push(`the table ${table} on another volume, with ${lost.length} acknowledged rows, is not in the set`);
    } else if (lost.length > 0) {
      complaints.push(`${lost.length} acknowledged rows of the table ${table} on another volume are not in the set`);
    }
    const late = [...(rows ?? [])].filter((row) => sentAfter(row, ackedAt, lastSentAt, capturedAt));
    if (late.length > 0)
      complaints.push(`the table ${table} has ${late.length} rows that were sent after the set was captured`);
  }
  return { rows: needed, ackedLost, complaints };
}

/** Rows are sent one by one: each after the one before it was acknowledged, and the last when that is known. */
function sentAfter(
  row: number,
  ackedAt: readonly number[],
  lastSentAt: number | undefined,
  capturedAt: number,
): boolean {
  const sentAt = row > ackedAt.length ? lastSentAt : ackedAt[row - 2];
  return sentAt !== undefined && sentAt > capturedAt;
}
