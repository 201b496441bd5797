import { binlogInfoLine, type Coordinates, formatBinlog } from '../../shared/coordinates.ts';
import { type Commit, type EntryKey, entryKey, type LoadReport } from '../load/ledger.ts';
import type { BinlogContents } from './binlog-text.ts';

/** Everything that was seen of one set, its origin and what was restored from it. */
export interface Evidence {
  /** What the load saw acknowledged, and what else it did, from its beginning to its end. */
  readonly load: LoadReport;
  /** From the manifest in the restored data directory. `takenAt` in milliseconds. */
  readonly manifest: { readonly takenAt: number; readonly coordinates: Coordinates };
  /** `binlog_info.txt` in the restored data directory. */
  readonly binlogInfo: string;
  /** The ORIGINAL server's binary log after the recorded coordinates, to its end. */
  readonly original: BinlogContents;
  /** The binary log of the image after the recorded coordinates, as it was before a server was started on it. */
  readonly image: BinlogContents;
  /** What the server answers that was started on the restored set. */
  readonly restored: {
    readonly gtid: string;
    readonly entries: ReadonlySet<EntryKey>;
    /** Tables for which CHECK TABLE said anything but OK. */
    readonly damaged: readonly string[];
    /** Sum of all balances: every transfer keeps it, a half one would not. */
    readonly balance: number;
  };
  readonly openingBalance: number;
}

export interface SetProof {
  /** Commits that were acknowledged before the coordinates, or before the lock, and are not in the set. */
  readonly ackedLost: number;
  /** Entries in the set that stand after its coordinates. */
  readonly beyondCoordinates: number;
  readonly coordinatesExact: boolean;
  /** Sentences for people: every promise that was not kept. Empty: the set is proven. */
  readonly complaints: readonly string[];
}

/** A proof that few commits put to the test is none. */
const LEAST_COMMITS_BEFORE = 20;

export function proveSet(evidence: Evidence): SetProof {
  const lost = lostEntries(evidence);
  const beyond = [...evidence.restored.entries].filter((key) => evidence.original.entries.has(key));
  const inexact = inexactness(evidence);
  const { damaged, balance } = evidence.restored;
  const complaints = [
    ...(lost.length > 0 ? [`${lost.length} acknowledged commits are not in the set (${some(lost)})`] : []),
    ...(beyond.length > 0 ? [`${beyond.length} entries stand after the coordinates (${some(beyond)})`] : []),
    ...inexact,
    ...(damaged.length > 0 ? [`CHECK TABLE complains of ${damaged.join(', ')}`] : []),
    ...(balance === evidence.openingBalance
      ? []
      : [`the balances sum up to ${balance}, not ${evidence.openingBalance}: a transaction is there in part`]),
    ...weaknesses(evidence),
  ];
  return {
    ackedLost: lost.length,
    beyondCoordinates: beyond.length,
    coordinatesExact: inexact.length === 0,
    complaints,
  };
}

/** Two witnesses say what has to be there: the original's binary log, and the clock. */
function lostEntries({ load, manifest, original, restored }: Evidence): readonly EntryKey[] {
  return load.commits
    .filter((commit) => commit.ackedAt < manifest.takenAt || !original.entries.has(keyOf(commit)))
    .map(keyOf)
    .filter((key) => !restored.entries.has(key));
}

/**
 * In what the recorded coordinates differ from the state of the image. They are exact where nothing but the log's own
 * housekeeping stands after them: FLUSH LOGS passes every read lock, and the freeze may stop it half-way.
 */
function inexactness({ manifest, binlogInfo, image, restored }: Evidence): readonly string[] {
  const { binlog, gtid } = manifest.coordinates;
  if (!binlog) return ['the manifest holds no place in the binary log'];
  return [
    ...(image.changes > 0
      ? [
          `${image.changes} events stand after ${formatBinlog(binlog)} in the image's binary log (${image.firstChange} …)`,
        ]
      : []),
    ...(gtid === restored.gtid ? [] : [`the manifest says GTID ${gtid}, the restored server ${restored.gtid}`]),
    ...(binlogInfo === binlogInfoLine(binlog) ? [] : [`binlog_info.txt says ${JSON.stringify(binlogInfo)}`]),
  ];
}

/**
 * Whether the load put the set to the test at all: in each of its ledgers, before the lock and after the set, and by every
 * kind of hostility.
 */
function weaknesses({ load, manifest, original }: Evidence): readonly string[] {
  const { commits, hostility } = load;
  const ledgers = load.ledgers.flatMap((ledger) => {
    const own = commits.filter((commit) => commit.ledger === ledger);
    const before = own.filter(({ ackedAt }) => ackedAt < manifest.takenAt).length;
    const after = own.filter((commit) => original.entries.has(keyOf(commit))).length;
    return before >= LEAST_COMMITS_BEFORE && after > 0
      ? []
      : [`${ledger} has ${before} commits before the set, ${after} after it`];
  });
  const missing = Object.entries(hostility).filter(([, times]) => times === 0);
  return [...ledgers, ...missing.map(([kind]) => `${kind} was never done`)].map(
    (weakness) => `the load was too weak to prove anything: ${weakness}`,
  );
}

const keyOf = ({ ledger, writer, seq }: Commit): EntryKey => entryKey(ledger, writer, seq);

const some = (keys: readonly EntryKey[]): string => `${keys.slice(0, 3).join(', ')}${keys.length > 3 ? ' …' : ''}`;
