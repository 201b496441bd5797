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
    throw new RunError(code, `${statement}: ${error.message}`, { cause: error });
  }
}
