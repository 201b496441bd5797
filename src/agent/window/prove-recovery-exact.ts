import { messageOf } from '../../shared/errors.ts';
import type { ServerFacts } from '../discovery/facts.ts';
import { recoversPrepared } from '../discovery/recovery.ts';
import { readServer } from '../discovery/server-facts.ts';
import { crashObstacles } from '../plan/preflight/crash/index.ts';
import type { HostReader, ServerReader } from '../ports.ts';
import type { Proof } from './proof.ts';

const EXACT = 'every commit is synced to redo and binary log, every table is transactional';

/**
 * Proves, after EC2 has answered, that what made crash recovery exact when the set was planned holds still, and that all
 * files of the server are those of the plan. Never throws.
 */
export async function proveRecoveryUnchanged(
  session: ServerReader,
  host: HostReader,
  planned: ServerFacts,
  isDdlHeld: boolean,
): Promise<Proof> {
  const proof = (held: boolean, detail: string): Proof => ({ name: 'recovery exact', held, detail });
  try {
    const now = await readServer(session, host, 'crash');
    if (!now.redoLogEnabled) return proof(false, 'the InnoDB redo log was disabled meanwhile');
    const [obstacle] = crashObstacles(now);
    if (obstacle !== undefined) return proof(false, obstacle.message);
    if (!recoversPrepared(now.version) && now.xaPrepares !== planned.xaPrepares)
      return proof(false, 'an XA transaction was prepared meanwhile');
    // Where DDL was held back the files were looked at meanwhile: what waited for that has come since, and is not in the set.
    if (isDdlHeld) return proof(true, EXACT);
    const isNew = ({ role, path }: ServerFacts['files'][number]) =>
      !planned.files.some((file) => file.role === role && file.path === path);
    const file = now.files.find(isNew);
    if (file !== undefined) return proof(false, `${file.path} (${file.role}) came to the server meanwhile`);
    return proof(true, EXACT);
  } catch (error) {
    return proof(false, messageOf(error));
  }
}
