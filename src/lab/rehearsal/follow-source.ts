import { messageOf } from '../../shared/errors.ts';
import { ELSEWHERE } from '../changes/table-elsewhere.ts';
import type { EntryKey, Ledger } from '../load/ledger.ts';
import { type Checksums, checksumsOf, compareTables } from '../replication/compare-tables.ts';
import { catchUp, startReplica } from '../replication/replica.ts';
import { type Beginning, replicationDialect, type SourceAddress } from '../servers/replication-dialect.ts';
import type { ReplicaEvidence } from './prove-replicas.ts';
import { type RestoredSet, readEntries } from './restore-set.ts';

/** Where the source has come to when its load has ended. */
export interface SourceEnd {
  readonly gtid: string;
  readonly checksums: Checksums;
}

/** A restored set that replicates from the source. */
export interface Follower {
  /** Lets it catch up with the source, which nobody writes to any more, and compares the two. */
  look(end: SourceEnd, ledgers: readonly Ledger[]): Promise<ReplicaEvidence>;
}

/** Makes a restored set a replica of the source. What is to be seen of the set itself has to be seen before. */
export async function followSource(
  restored: RestoredSet,
  source: SourceAddress,
  beginning: Beginning,
  signal: AbortSignal,
): Promise<Follower> {
  const dialect = replicationDialect(restored.server.distribution.flavour.name);
  const connection = await restored.server.connect();
  // Coordinates that the server does not even take are for the proof to tell, too.
  const refused = await startReplica(connection, dialect, source, beginning).then(() => undefined, messageOf);
  return {
    async look({ gtid, checksums }, ledgers) {
      const error = refused ?? (await catchUp(connection, dialect, gtid, signal));
      const differences = compareTables(checksums, await checksumsOf(connection, [ELSEWHERE]));
      // A ledger that is missing is a difference already.
      const entries = await readEntries(connection, ledgers).catch(() => new Set<EntryKey>());
      connection.destroy();
      return { beginning, ...(error !== undefined && { error }), differences, entries };
    },
  };
}
