import { type ErrorCode, RunError } from '../../shared/errors.ts';
import { type Row, ServerRefusal, type ServerSession } from '../ports.ts';
import { STATEMENT_DEADLINE_MS } from './proof.ts';

/** Asks with the deadline of what everybody may be waiting for. What the server refuses is told by `code`. */
export async function queryUnderLock(
  session: ServerSession,
  statement: string,
  code: ErrorCode,
): Promise<readonly Row[]> {
  try {
    return await session.run(statement, STATEMENT_DEADLINE_MS);
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    throw new RunError(code, `${briefly(statement)}: ${error.message}`, { cause: error });
  }
}

/** A statement for a message: of a long SELECT the table that it reads. */
export function briefly(statement: string): string {
  const table = /^SELECT\b.*\bFROM (\S+)/s.exec(statement)?.[1];
  return table === undefined ? statement : `SELECT … FROM ${table}`;
}
