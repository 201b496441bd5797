import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import * as v from 'valibot';
import { messageOf, RunError, toRunError } from '../../shared/errors.ts';
import type { SnapshotId } from '../../shared/ids.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE, Manifest } from '../../shared/manifest.ts';
import type { Disk } from '../ebs/ebs-on-btrfs.ts';
import { startServer } from '../hosts/database-server.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import { type EntryKey, entryKey, type Ledger, type LoadReport } from '../load/ledger.ts';
import { ACCOUNTS, OPENING_BALANCE, SCHEMA } from '../load/schema.ts';
import { makeMountNamespace } from '../machine/mount-namespace.ts';
import type { Flavour } from '../servers/flavour.ts';
import type { StandingLab } from '../standing-lab.ts';
import type { Evidence } from './prove-set.ts';
import { readBinlogFrom } from './read-binlog.ts';

/** A set, by its name and the snapshots that were found of it. */
export interface TakenSet {
  readonly name: string;
  readonly snapshotIds: readonly SnapshotId[];
}

type Laboratory = Pick<StandingLab, 'shell' | 'folder' | 'ebs'>;

/**
 * Restores a set beside its original: in a mount namespace where the copies are mounted at the paths of the
 * originals, so that every path the server has written down is true. Starts a server on it and gathers the evidence.
 * Throws RunError `rehearsal-failed` where the set does not mount, its server does not start or does not answer: to
 * find that is what a rehearsal is for.
 */
export async function restoreSet(
  lab: Laboratory,
  host: SimulatedHost,
  set: TakenSet,
  load: LoadReport,
): Promise<Evidence> {
  try {
    return await gatherEvidence(lab, host, set, load);
  } catch (thrown) {
    const error = toRunError(thrown);
    if (error.code !== 'lab-unfit' && !isOfSystemOrServer(error.cause)) throw error;
    throw new RunError('rehearsal-failed', `${set.name} cannot be restored: ${error.message}`, { cause: thrown });
  }
}

/** A file that is missing, a table that cannot be read: such errors carry a number. */
const isOfSystemOrServer = (cause: unknown): boolean => cause instanceof Error && 'errno' in cause;

async function gatherEvidence(
  { shell, folder, ebs }: Laboratory,
  host: SimulatedHost,
  set: TakenSet,
  load: LoadReport,
): Promise<Evidence> {
  await using namespace = await makeMountNamespace(shell);
  for (const { device, mountPoint } of placesOf(set, await ebs.restore(set.snapshotIds), host)) {
    // The original is mounted, and XFS refuses a second file system of the same UUID.
    await shell.run([...namespace.enter, 'mount', '-o', 'nouuid', device, mountPoint]);
  }
  const manifest = await readManifest(namespace.outside(join(host.paths.datadir, MANIFEST_FILE)));
  const { binlog } = manifest.coordinates;
  if (!binlog)
    throw new RunError('rehearsal-failed', `the manifest of ${manifest.set} holds no place in the binary log`);
  const binlogInfo = await readFile(namespace.outside(join(host.paths.datadir, BINLOG_INFO_FILE)), 'utf8');
  const { distribution } = host.server;
  const { flavour } = distribution;
  const image = await readBinlogFrom(shell, distribution, namespace.outside(host.paths.logBin), binlog);

  if (flavour.identityFile) await rm(namespace.outside(join(host.paths.datadir, flavour.identityFile)));
  const runFolder = join(folder.path, 'restored', host.instanceId);
  await mkdir(runFolder, { recursive: true });
  await using server = await startServer(shell, {
    ...host.paths,
    distribution,
    runFolder,
    serverId: host.serverId,
    durability: host.durability,
    enter: namespace.enter,
    extra: [flavour.withoutReplication],
  });
  const connection = await server.connect();
  const restored = await interrogate(connection, flavour, load.ledgers);
  await connection.end();
  return {
    load,
    manifest: { takenAt: Date.parse(manifest.takenAt), coordinates: manifest.coordinates },
    binlogInfo,
    original: await readBinlogFrom(shell, distribution, host.paths.logBin, binlog),
    image,
    restored,
    openingBalance: ACCOUNTS * OPENING_BALANCE,
  };
}

/**
 * Where the copies go: back to where the originals are. The set has to be the volumes of data and binary log, all of
 * them (where one is missing the original shows through, and the server would write to it) and no other.
 */
function placesOf(set: TakenSet, disks: readonly Disk[], { volumes, paths }: SimulatedHost) {
  const [data, binlog] = volumes.filter(({ isBoot }) => !isBoot);
  const mountPoints = new Map([
    [data?.volumeId, paths.data],
    [binlog?.volumeId, paths.binlog],
  ]);
  const ids = disks.map(({ volumeId }) => volumeId);
  if (ids.length !== mountPoints.size || ids.some((id) => !mountPoints.has(id)) || new Set(ids).size !== ids.length) {
    const wanted = [...mountPoints.keys()].join(', ');
    throw new RunError('rehearsal-failed', `${set.name} holds ${ids.join(', ')}; the server is on ${wanted}`);
  }
  return disks.map(({ volumeId, device }) => ({ device, mountPoint: mountPoints.get(volumeId) ?? '' }));
}

async function readManifest(path: string): Promise<Manifest> {
  try {
    return v.parse(Manifest, JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const reason = messageOf(error);
    throw new RunError('rehearsal-failed', `the restored data directory holds no valid manifest: ${reason}`);
  }
}

async function interrogate(
  connection: Connection,
  { gtidQuestion }: Flavour,
  ledgers: readonly Ledger[],
): Promise<Evidence['restored']> {
  const rows = async (sql: string) => (await connection.query<RowDataPacket[]>(sql))[0];
  const gtid = String((await rows(gtidQuestion))[0]?.['gtid']).replaceAll('\n', '');
  const entries = new Set<EntryKey>();
  for (const ledger of ledgers) {
    for (const row of await rows(`SELECT writer, seq FROM ${SCHEMA}.${ledger}`)) {
      entries.add(entryKey(ledger, Number(row['writer']), Number(row['seq'])));
    }
  }
  const balance = Number((await rows(`SELECT SUM(balance) AS balance FROM ${SCHEMA}.accounts`))[0]?.['balance']);
  const tables = await rows(
    "SELECT CONCAT('`', TABLE_SCHEMA, '`.`', TABLE_NAME, '`') AS name FROM information_schema.TABLES " +
      "WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema')",
  );
  // The last line of an answer is its verdict; what stands above it are remarks on the way.
  const damaged: string[] = [];
  for (const { name } of tables) {
    const verdict = (await rows(`CHECK TABLE ${name}`)).at(-1)?.['Msg_text'];
    if (verdict !== 'OK') damaged.push(`${name} (${verdict})`);
  }
  return { gtid, entries, damaged, balance };
}
