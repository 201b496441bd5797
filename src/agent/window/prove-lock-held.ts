import { messageOf } from '../../shared/errors.ts';
import type { LockPlan } from '../plan/lock-plan.ts';
import { ServerRefusal, type ServerSession } from '../ports.ts';
import { type Proof, STATEMENT_DEADLINE_MS } from './proof.ts';

/** Proves that the session which took the lock has it still. Never throws. */
export async function proveLockHeld(session: ServerSession, plan: Pick<LockPlan, 'stillHeld'>): Promise<Proof> {
  const { connectionId } = session;
  const proof = (held: boolean, detail: string): Proof => ({ name: 'lock still held', held, detail });
  try {
    const [row] = await session.run('SELECT CONNECTION_ID() AS id', STATEMENT_DEADLINE_MS);
    if (row?.['id'] !== String(connectionId)) return proof(false, `connection ${row?.['id']} is not ${connectionId}`);
    if (plan.stillHeld.by === 'connection') return proof(true, `connection ${connectionId} has not ended`);
    const rows = await session.run(plan.stillHeld.sql, STATEMENT_DEADLINE_MS);
    return plan.stillHeld.by === 'row' && rows.length > 0
      ? proof(true, 'the server lists it as granted')
      : proof(false, 'the server does not list it');
  } catch (error) {
    if (plan.stillHeld.by === 'refusal' && error instanceof ServerRefusal && error.errno === plan.stillHeld.errno) {
      return proof(true, error.message);
    }
    return proof(false, messageOf(error));
  }
}
