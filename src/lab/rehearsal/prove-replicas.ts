import { type Coordinates, formatBinlog } from '../../shared/coordinates.ts';
import { type EntryKey, entryKey, type LoadReport } from '../load/ledger.ts';
import type { TableDifference } from '../replication/compare-tables.ts';
import { type Beginning, normalGtid } from '../servers/replication-dialect.ts';
import { executedGtid } from './prove-set.ts';
import type { RestoredAnswers } from './restore-set.ts';

/** What was seen of a restored set that became a replica of the source, when the load had ended. */
export interface ReplicaEvidence {
  readonly beginning: Beginning;
  /** What kept it from catching up, like `1062 Duplicate entry …`. */
  readonly error?: string;
  /** The tables that are not the source's. */
  readonly differences: readonly TableDifference[];
  /** Entries in its ledgers. */
  readonly entries: ReadonlySet<EntryKey>;
}

export interface ReplicasProof {
  /** Tables that are not those of the source, over all replicas. */
  readonly replicaDiffs: number;
  /** The set's GTIDs are what the restored server has, and a replica that began there followed without an error. */
  readonly gtidExact: boolean;
  /** Sentences for people. Empty: every replica is the source again. */
  readonly complaints: readonly string[];
}

/**
 * Where replicas of the source can begin by the coordinates of a set. Of the source's own set those are its own; of a
 * replica's set, what it had executed of its source: that makes a sibling. A place that parallel workers have left
 * behind (`exact: false`) is none, and a replica of several sources is no matter of this lab.
 */
export function beginningsOf(coordinates: Coordinates, isReplica: boolean): readonly Beginning[] {
  const [channel] = coordinates.replica?.channels ?? [];
  const binlog = isReplica ? channel?.exact && channel.binlog : coordinates.binlog;
  const gtid = isReplica ? executedGtid(coordinates) : coordinates.gtid;
  return [
    ...(gtid === undefined ? [] : [{ by: 'gtid', gtid } as const]),
    ...(binlog ? [{ by: 'position', binlog } as const] : []),
  ];
}

/** `answers`: what the restored server said before it replicated. */
export function proveReplicas(
  replicas: readonly ReplicaEvidence[],
  load: LoadReport,
  coordinates: Coordinates,
  answers: Pick<RestoredAnswers, 'gtid' | 'executedGtid'>,
  isReplica: boolean,
): ReplicasProof {
  const recorded = isReplica ? executedGtid(coordinates) : coordinates.gtid;
  const isGtidRight =
    recorded !== undefined && normalGtid(recorded) === (isReplica ? answers.executedGtid : answers.gtid);
  const byGtid = replicas.filter(({ beginning }) => beginning.by === 'gtid');
  const keys = load.commits.map(({ ledger, writer, seq }) => entryKey(ledger, writer, seq));
  const complaints = replicas.flatMap(({ beginning, error, differences, entries }) => {
    const who = `the replica from ${describe(beginning)}`;
    const lost = keys.filter((key) => !entries.has(key));
    return [
      ...(error === undefined ? [] : [`${who} does not follow: ${error}`]),
      ...differences.map(({ table, difference }) => `${who}: ${table} ${difference}`),
      ...(lost.length > 0 ? [`${who} lacks ${lost.length} acknowledged commits (${lost[0]} …)`] : []),
    ];
  });
  return {
    replicaDiffs: replicas.reduce((total, { differences }) => total + differences.length, 0),
    gtidExact: isGtidRight && byGtid.length > 0 && byGtid.every(({ error }) => error === undefined),
    complaints: [...complaints, ...(byGtid.length > 0 ? [] : ['no replica could begin by GTID'])],
  };
}

const describe = (beginning: Beginning): string =>
  beginning.by === 'gtid' ? `GTID ${beginning.gtid}` : formatBinlog(beginning.binlog);
