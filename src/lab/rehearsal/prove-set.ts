import { binlogInfoLine, type Coordinates, formatBinlog } from '../../shared/coordinates.ts';
import type { SetLevel } from '../../shared/result.ts';
import type { TableElsewhere } from '../changes/table-elsewhere.ts';
import { type Commit, type EntryKey, entryKey, type LoadReport } from '../load/ledger.ts';
import { normalGtid } from '../servers/replication-dialect.ts';
import type { BinlogContents } from './binlog-text.ts';
import { proveElsewhere } from './prove-elsewhere.ts';
import type { RestoredAnswers } from './restore-set.ts';

/** Everything that was seen of one set, its origin and what was restored from it. */
export interface Evidence {
  /** What the load saw acknowledged, and what else it did, from its beginning to its end. On a replica: its source's. */
  readonly load: LoadReport;
  /** From the manifest in the restored data directory. `takenAt` in milliseconds. */
  readonly manifest: { readonly level: SetLevel; readonly takenAt: number };
  /** Recorded in the manifest; at level `crash` found in the set. */
  readonly coordinates: Coordinates;
  /** `binlog_info.txt` in the restored data directory, if it is there. */
  readonly binlogInfo: string | undefined;
  /** At level `crash`, the last whole transaction's GTID in the image's binary log. */
  readonly lastGtid?: string | undefined;
  /**
   * What the set must not hold, to the end of the load: the ORIGINAL server's binary log after the coordinates. On a
   * replica its SOURCE's binary log beyond the executed GTIDs: absent where no such are recorded.
   */
  readonly after: BinlogContents | undefined;
  /** The binary log of the image after the coordinates, as it was before a server was started on it. */
  readonly image: BinlogContents;
  /** What the server answers that was started on the restored set. */
  readonly restored: RestoredAnswers;
  /** With changes of the world: the tables elsewhere, and when the set had been captured. */
  readonly elsewhere?: { readonly tables: readonly TableElsewhere[]; readonly capturedAt: number };
  readonly openingBalance: number;
  readonly isReplica: boolean;
}

export interface SetProof {
  /**
   * Commits that were acknowledged before the coordinates, or before the lock (at level `crash`: before EC2 was asked),
   * and are not in the set. A replica lags, so there the clock says nothing: commits that it had executed of its source
   * by its coordinates, and that are not in the set. Nobody would send them again. Of the tables elsewhere, whose rows no
   * source sends, the clock tells on a replica as well.
   */
  readonly ackedLost: number;
  /** Entries in the set that stand after its coordinates. On a replica, after its source's: they would be applied twice. */
  readonly beyondCoordinates: number;
  /** Its own coordinates are the state of the image; on a replica so are its source's. */
  readonly coordinatesExact: boolean;
  /** Sentences for people: every promise that was not kept. Empty: the set is proven. */
  readonly complaints: readonly string[];
  /** With tables elsewhere: their acknowledged rows that the set has to hold. */
  readonly rowsElsewhere?: number;
}

/** A proof that few commits put to the test is none. */
const LEAST_COMMITS_BEFORE = 20;

export function proveSet(evidence: Evidence): SetProof {
  const lost = lostEntries(evidence);
  const beyond = [...evidence.restored.entries].filter((key) => evidence.after?.entries.has(key));
  const inexact = inexactness(evidence);
  const { damaged, balance } = evidence.restored;
  const elsewhere = elsewhereOf(evidence);
  const complaints = [
    ...(lost.length > 0 ? [`${lost.length} acknowledged commits are not in the set (${some(lost)})`] : []),
    ...(beyond.length > 0 ? [`${beyond.length} entries stand after the coordinates (${some(beyond)})`] : []),
    ...inexact,
    ...(damaged.length > 0 ? [`CHECK TABLE complains of ${damaged.join(', ')}`] : []),
    ...(balance === evidence.openingBalance
      ? []
      : [`the balances sum up to ${balance}, not ${evidence.openingBalance}: a transaction is there in part`]),
    ...(elsewhere?.complaints ?? []),
    ...weaknesses(evidence),
  ];
  return {
    ackedLost: lost.length + (elsewhere?.ackedLost ?? 0),
    beyondCoordinates: beyond.length,
    coordinatesExact: inexact.length === 0,
    complaints,
    ...(elsewhere && { rowsElsewhere: elsewhere.rows }),
  };
}

const elsewhereOf = ({ elsewhere, manifest, restored }: Evidence) =>
  elsewhere && proveElsewhere({ ...elsewhere, manifest, restored: restored.elsewhere });

/** Two witnesses say what has to be there: the binary log, and the clock. */
function lostEntries({ load, manifest, after, restored, isReplica }: Evidence): readonly EntryKey[] {
  const isBefore = (commit: Commit) =>
    (!isReplica && commit.ackedAt < manifest.takenAt) || (after !== undefined && !after.entries.has(keyOf(commit)));
  return load.commits
    .filter(isBefore)
    .map(keyOf)
    .filter((key) => !restored.entries.has(key));
}

/**
 * In what the coordinates differ from the state of the image. They are exact where nothing but the log's own
 * housekeeping stands after them: FLUSH LOGS passes every read lock, and the freeze may stop it half-way.
 */
function inexactness(evidence: Evidence): readonly string[] {
  const { coordinates, image, restored } = evidence;
  const { binlog, gtid } = coordinates;
  if (!binlog) return ['the manifest holds no place in the binary log'];
  return [
    ...(image.changes > 0
      ? [
          `${image.changes} events stand after ${formatBinlog(binlog)} in the image's binary log (${image.firstChange} …)`,
        ]
      : []),
    ...(normalGtid(gtid) === restored.gtid
      ? []
      : [`the manifest says GTID ${gtid}, the restored server ${restored.gtid}`]),
    ...sourceInexactness(evidence),
    ...(evidence.manifest.level === 'crash' ? crashInexactness(evidence) : toldInexactly(evidence)),
  ];
}

function sourceInexactness({ coordinates, restored, isReplica }: Evidence): readonly string[] {
  if (!isReplica) return [];
  const executed = executedGtid(coordinates);
  if (executed === undefined) return ['the manifest holds no coordinates of the source'];
  return normalGtid(executed) === restored.executedGtid
    ? []
    : [
        `the manifest says that GTID ${executed} of the source is executed, the restored server ${restored.executedGtid}`,
      ];
}

/** What a replica has executed of its source by its coordinates. On MySQL one set covers that and its own. */
export const executedGtid = ({ gtid, replica }: Coordinates): string | undefined => replica && (replica.gtid ?? gtid);

/** Of a set without a lock nobody could tell a place in time, so whoever wants one must not find one. */
const crashInexactness = ({ binlogInfo, lastGtid, restored }: Evidence): readonly string[] => [
  ...(binlogInfo === undefined ? [] : [`binlog_info.txt is in a set of level crash: ${JSON.stringify(binlogInfo)}`]),
  ...(lastGtid === undefined || endsWith(restored.gtid, lastGtid)
    ? []
    : [`the image's binary log ends with GTID ${lastGtid}, the restored server has ${restored.gtid}`]),
];

const toldInexactly = ({ coordinates: { binlog }, binlogInfo }: Evidence): readonly string[] =>
  binlog && binlogInfo === binlogInfoLine(binlog) ? [] : [`binlog_info.txt says ${JSON.stringify(binlogInfo)}`];

/** Whether a set ends with a GTID: MariaDB's list names it; in MySQL's the interval of its server ends there. */
function endsWith(set: string, gtid: string): boolean {
  const [uuid, number] = gtid.split(':');
  if (number === undefined) return set.split(',').includes(gtid);
  return set.split(',').some((part) => part.startsWith(`${uuid}:`) && part.split(/[:-]/).at(-1) === number);
}

/**
 * Whether the load put the set to the test at all: in each of its ledgers, before the lock and after the set, and by every
 * kind of hostility. A replica lags behind the lock, so there what counts is in the set.
 */
function weaknesses({ load, manifest, after, restored, isReplica }: Evidence): readonly string[] {
  // Where nothing tells what comes after the set, that is the complaint.
  if (!after) return [];
  const { commits, hostility } = load;
  const ledgers = load.ledgers.flatMap((ledger) => {
    const own = commits.filter((commit) => commit.ledger === ledger);
    const isBefore = (commit: Commit) =>
      isReplica ? restored.entries.has(keyOf(commit)) : commit.ackedAt < manifest.takenAt;
    const countBefore = own.filter(isBefore).length;
    const countAfter = own.filter((commit) => after.entries.has(keyOf(commit))).length;
    return countBefore >= LEAST_COMMITS_BEFORE && countAfter > 0
      ? []
      : [`${ledger} has ${countBefore} commits before the set, ${countAfter} after it`];
  });
  const missing = Object.entries(hostility).filter(([, times]) => times === 0);
  return [...ledgers, ...missing.map(([kind]) => `${kind} was never done`)].map(
    (weakness) => `the load was too weak to prove anything: ${weakness}`,
  );
}

const keyOf = ({ ledger, writer, seq }: Commit): EntryKey => entryKey(ledger, writer, seq);

const some = (keys: readonly EntryKey[]): string => `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ' …' : ''}`;
