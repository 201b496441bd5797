import type { TableElsewhere } from '../changes/table-elsewhere.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import type { LoadReport } from '../load/ledger.ts';
import { ACCOUNTS, OPENING_BALANCE } from '../load/schema.ts';
import type { Shell } from '../machine/shell.ts';
import { replicationDialect } from '../servers/replication-dialect.ts';
import type { BinlogContents } from './binlog-text.ts';
import { type Evidence, executedGtid } from './prove-set.ts';
import { readBinlogBeyond, readBinlogFrom } from './read-binlog.ts';
import type { RestoredSet } from './restore-set.ts';

/**
 * Puts together what a set is proven by, when the load has ended. `source`: the host of which the set's host is a
 * replica, where it is one; `tables`: those elsewhere, where the world changed. Throws RunError `rehearsal-failed` where the coordinates are no place in the binary log.
 */
export async function gatherEvidence(
  shell: Shell,
  host: SimulatedHost,
  set: RestoredSet,
  load: LoadReport,
  source?: SimulatedHost,
  tables?: readonly TableElsewhere[],
): Promise<Evidence> {
  return {
    load,
    manifest: { level: set.manifest.level, takenAt: Date.parse(set.manifest.takenAt) },
    coordinates: set.coordinates,
    binlogInfo: set.binlogInfo,
    lastGtid: set.lastGtid,
    after: await (source ? sourceBeyond(shell, source, set) : originalAfter(shell, host, set)),
    image: set.image,
    restored: set.answers,
    ...(tables && { elsewhere: { tables, capturedAt: set.capturedAt } }),
    openingBalance: ACCOUNTS * OPENING_BALANCE,
    isReplica: source !== undefined,
  };
}

async function originalAfter(
  shell: Shell,
  host: SimulatedHost,
  { coordinates: { binlog } }: RestoredSet,
): Promise<BinlogContents | undefined> {
  return binlog && readBinlogFrom(shell, host.server.distribution, host.paths.logBin, binlog);
}

async function sourceBeyond(
  shell: Shell,
  source: SimulatedHost,
  { coordinates }: RestoredSet,
): Promise<BinlogContents | undefined> {
  const executed = executedGtid(coordinates);
  if (executed === undefined) return undefined;
  const { distribution } = source.server;
  const { beyondGtid } = replicationDialect(distribution.flavour.name);
  return readBinlogBeyond(shell, distribution, source.paths.logBin, beyondGtid(executed));
}
