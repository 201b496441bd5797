import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import { LEDGERS } from '../load/ledger.ts';
import { restoreSet, type TakenSet } from '../rehearsal/restore-set.ts';
import { monotonicMs } from './monotonic.ts';
import type { SoakedHost } from './soaked-host.ts';

const PAUSE_MS = 2;

/** Commits rows, one by one, and remembers when each was acknowledged: `monotonicMs()`, of the rows 1, 2 … of a run. */
export interface Marks {
  /** Of which run they are. */
  readonly run: number;
  /** Ends after the row that is under way. */
  stop(): Promise<void>;
  readonly ackedAt: readonly number[];
}

/** The connection is the marks' own. `run` is a number that no other marks have. */
export function writeMarks(connection: Connection, run: number): Marks {
  const ackedAt: number[] = [];
  let stopped = false;
  const written = (async () => {
    while (!stopped) {
      await connection.query('INSERT INTO soak.marks VALUES (?, ?)', [run, ackedAt.length + 1]);
      ackedAt.push(monotonicMs());
      await sleep(PAUSE_MS);
    }
  })();
  // Heard by stop().
  written.catch(() => undefined);
  return {
    run,
    ackedAt,
    async stop() {
      stopped = true;
      await written;
    },
  };
}

/** Above those of the lab's hosts; the run's number is added. */
const FIRST_SERVER_ID = 1_000;

/**
 * Restores a set, beside its original, and looks for the rows that were acknowledged before `before`. Answers what is
 * wrong, in words: a set that cannot be restored is.
 */
export async function lostMarks(
  { lab, host }: SoakedHost,
  set: TakenSet,
  { run, ackedAt }: Marks,
  before: number,
): Promise<readonly string[]> {
  const due = ackedAt.filter((at) => at < before).length;
  try {
    await using copy = await restoreSet(lab, host, set, {
      serverId: FIRST_SERVER_ID + run,
      ledgers: LEDGERS,
      isReplica: false,
    });
    const connection = await copy.server.connect();
    const question = 'SELECT COUNT(*) AS rows_there FROM soak.marks WHERE run = ? AND mark <= ?';
    const [[row]] = await connection.query<RowDataPacket[]>(question, [run, due]);
    await connection.end();
    const there = Number(row?.['rows_there']);
    return there === due ? [] : [`${due - there} of ${due} rows that were acknowledged before are not in its image`];
  } catch (error) {
    if (!(error instanceof RunError) || error.code !== 'rehearsal-failed') throw error;
    return [error.message];
  }
}
