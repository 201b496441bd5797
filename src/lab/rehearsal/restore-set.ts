import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import * as v from 'valibot';
import type { BinlogPosition, Coordinates } from '../../shared/coordinates.ts';
import { messageOf, RunError, toRunError } from '../../shared/errors.ts';
import type { SnapshotId } from '../../shared/ids.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE, Manifest } from '../../shared/manifest.ts';
import { ELSEWHERE } from '../changes/table-elsewhere.ts';
import type { Disk } from '../ebs/ebs-on-btrfs.ts';
import { type DatabaseServer, startServer } from '../hosts/database-server.ts';
import type { SimulatedHost } from '../hosts/simulated-host.ts';
import { type EntryKey, entryKey, type Ledger } from '../load/ledger.ts';
import { SCHEMA } from '../load/schema.ts';
import { type MountNamespace, makeMountNamespace } from '../machine/mount-namespace.ts';
import { plainShell } from '../machine/shell.ts';
import { Undo } from '../machine/undo.ts';
import { untilItWorks } from '../machine/until-it-works.ts';
import { gtidOf } from '../replication/replica.ts';
import type { Flavour } from '../servers/flavour.ts';
import { replicationDialect } from '../servers/replication-dialect.ts';
import type { StandingLab } from '../standing/standing-lab.ts';
import type { BinlogContents } from './binlog-text.ts';
import { findBinlogEnd, readBinlogFrom } from './read-binlog.ts';

/** A set, by its name and the snapshots that were found of it. */
export interface TakenSet {
  readonly name: string;
  readonly snapshotIds: readonly SnapshotId[];
}

export type Laboratory = Pick<StandingLab, 'shell' | 'folder' | 'ebs'>;

/** A server on a restored set, and what was seen of the set before the server does anything more than to answer. */
export interface RestoredSet extends AsyncDisposable {
  readonly name: string;
  readonly manifest: Manifest;
  /** `binlog_info.txt` in the restored data directory; absent where there is none. */
  readonly binlogInfo: string | undefined;
  /** The recorded ones; of a set that was taken without a lock those that were found in it. */
  readonly coordinates: Coordinates;
  /** The last whole transaction's GTID in the image's binary log, where the coordinates had to be found there. */
  readonly lastGtid?: string;
  /** The binary log of the image after the coordinates, as it was before a server was started on it. */
  readonly image: BinlogContents;
  /** Milliseconds of the wall clock when its volumes had been captured. */
  readonly capturedAt: number;
  readonly answers: RestoredAnswers;
  readonly server: DatabaseServer;
}

/** What the server on a restored set answers. */
export interface RestoredAnswers {
  /** What its binary log holds. */
  readonly gtid: string;
  /** What it has executed of a source. */
  readonly executedGtid: string;
  readonly entries: ReadonlySet<EntryKey>;
  /** Of each table elsewhere the rows that can be read. */
  readonly elsewhere: ReadonlyMap<string, ReadonlySet<number>>;
  /** Tables for which CHECK TABLE said anything but OK. */
  readonly damaged: readonly string[];
  /** Sum of all balances: every transfer keeps it, a half one would not. */
  readonly balance: number;
}

export interface RestoreOptions {
  /** Its own, among the lab's servers and everything restored of them. */
  readonly serverId: number;
  /** Those that the load writes. */
  readonly ledgers: readonly Ledger[];
  /** The set was taken on a replica. */
  readonly isReplica: boolean;
  /** Tables may lie on the host's third volume, which is in the set then. */
  readonly tablesElsewhere?: boolean;
}

/**
 * Restores a set beside its original: in a mount namespace where the copies are mounted at the paths of the
 * originals, so that every path the server has written down is true. Starts a server on it and looks at it; all of it
 * is given back at the end.
 * Throws RunError `rehearsal-failed` where the set does not mount, its server does not start or does not answer: to
 * find that is what a rehearsal is for.
 */
export async function restoreSet(
  lab: Laboratory,
  host: SimulatedHost,
  set: TakenSet,
  options: RestoreOptions,
): Promise<RestoredSet> {
  const undo = new Undo();
  try {
    return await restoreAndLook(lab, host, set, options, undo);
  } catch (thrown) {
    await undo[Symbol.asyncDispose]();
    const error = toRunError(thrown);
    if (error.code !== 'lab-unfit' && !isOfSystemOrServer(error.cause)) throw error;
    throw new RunError('rehearsal-failed', `${set.name} cannot be restored: ${error.message}`, { cause: thrown });
  }
}

/** A file that is missing, a table that cannot be read: such errors carry a number. */
const isOfSystemOrServer = (cause: unknown): boolean => cause instanceof Error && 'errno' in cause;

async function restoreAndLook(
  lab: Laboratory,
  host: SimulatedHost,
  set: TakenSet,
  options: RestoreOptions,
  undo: Undo,
): Promise<RestoredSet> {
  const { shell, folder } = lab;
  const { distribution } = host.server;
  const { flavour } = distribution;
  const { namespace, capturedAt } = await mountCopies(lab, host, set, options.tablesElsewhere ?? false, undo);
  const inDatadir = (file: string) => namespace.outside(join(host.paths.datadir, file));
  const logBin = namespace.outside(host.paths.logBin);
  const manifest = await readManifest(inDatadir(MANIFEST_FILE));
  const binlogInfo = await readFile(inDatadir(BINLOG_INFO_FILE), 'utf8').catch(isMissing);
  const found = manifest.level === 'crash' ? await findBinlogEnd(shell, distribution, logBin) : undefined;
  const binlog = found ? { file: found.file, position: found.position } : manifest.coordinates.binlog;
  if (!binlog) throw new RunError('rehearsal-failed', `the manifest of ${set.name} holds no place in the binary log`);
  const image = await readBinlogFrom(shell, distribution, logBin, binlog);
  if (flavour.identityFile) await rm(inDatadir(flavour.identityFile));

  const runFolder = join(folder.path, 'restored', String(options.serverId));
  await mkdir(runFolder, { recursive: true });
  undo.add(() => rm(runFolder, { recursive: true }));
  const server = undo.use(
    await startServer(shell, {
      ...host.paths,
      elsewhere: host.paths.other,
      distribution,
      runFolder,
      serverId: options.serverId,
      // What it recovers is in the image; nothing that it writes is needed after it.
      durability: '0/0',
      enter: namespace.enter,
      extra: [flavour.withoutReplication, ...replicationDialect(flavour.name).replicaOptions],
    }),
  );
  const connection = await server.connect();
  const answers = await interrogate(connection, flavour, options.ledgers);
  await connection.end();
  return {
    name: set.name,
    manifest,
    binlogInfo,
    coordinates: found ? foundCoordinates(binlog, answers, options.isReplica) : manifest.coordinates,
    ...(found?.gtid !== undefined && { lastGtid: found.gtid }),
    image,
    capturedAt,
    answers,
    server,
    [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
  };
}

/** What a set that was taken without a lock does not tell, its recovered server does. */
const foundCoordinates = (binlog: BinlogPosition, answers: RestoredAnswers, isReplica: boolean): Coordinates => ({
  binlog,
  ...(answers.gtid !== '' && { gtid: answers.gtid }),
  ...(isReplica && { replica: { gtid: answers.executedGtid, channels: [] } }),
});

/**
 * Mounts copies of the set's volumes where the originals are, in a namespace of their own. Where tables may lie on a volume that is
 * not in the set, nothing is: the original must not show through.
 */
async function mountCopies(
  { shell, ebs }: Laboratory,
  host: SimulatedHost,
  set: TakenSet,
  tablesElsewhere: boolean,
  undo: Undo,
): Promise<{ namespace: MountNamespace; capturedAt: number }> {
  const { disks, capturedAt } = undo.use(await ebs.restore(set.snapshotIds));
  const namespace = undo.use(await makeMountNamespace(shell));
  const places = placesOf(set, disks, host, tablesElsewhere);
  if (places.every(({ mountPoint }) => mountPoint !== host.paths.other)) {
    await shell.run([...namespace.enter, 'mount', '-t', 'tmpfs', '-o', 'ro,size=1m', 'not-in-set', host.paths.other]);
  }
  for (const { device, mountPoint } of places) {
    // The original is mounted, and XFS refuses a second file system of the same UUID.
    await shell.run([...namespace.enter, 'mount', '-o', 'nouuid', device, mountPoint]);
    const unmount = () => plainShell().run([...namespace.enter, 'umount', mountPoint]);
    undo.add(() => untilItWorks(`the restored ${mountPoint} is still in use`, unmount));
  }
  return { namespace, capturedAt };
}

/**
 * Where the copies go: back to where the originals are. The set has to be the volumes of data and binary log, all of
 * them (where one is missing the original shows through, and the server would write to it) and no other; with tables
 * elsewhere their volume too, if there are any: which there are, the proof looks at.
 */
function placesOf(set: TakenSet, disks: readonly Disk[], { volumes, paths }: SimulatedHost, tablesElsewhere: boolean) {
  const [data, binlog, other] = volumes.filter(({ isBoot }) => !isBoot);
  const needed = [data?.volumeId, binlog?.volumeId];
  const mountPoints = new Map([
    [data?.volumeId, paths.data],
    [binlog?.volumeId, paths.binlog],
    ...(tablesElsewhere ? ([[other?.volumeId, paths.other]] as const) : []),
  ]);
  const ids = new Set(disks.map(({ volumeId }) => volumeId));
  const isWhole = needed.every((id) => id !== undefined && ids.has(id));
  if (!isWhole || ids.size !== disks.length || [...ids].some((id) => !mountPoints.has(id))) {
    const wanted = needed.join(', ');
    throw new RunError(
      'rehearsal-failed',
      `${set.name} holds ${disks.map(({ volumeId }) => volumeId).join(', ')}; the server is on ${wanted}`,
    );
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

function isMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

async function interrogate(
  connection: Connection,
  flavour: Flavour,
  ledgers: readonly Ledger[],
): Promise<RestoredAnswers> {
  const rows = async (sql: string) => (await connection.query<RowDataPacket[]>(sql))[0];
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
  return {
    gtid: await gtidOf(connection, flavour.gtidQuestion),
    executedGtid: await gtidOf(connection, replicationDialect(flavour.name).executedGtidQuery),
    entries: await readEntries(connection, ledgers),
    elsewhere: await readElsewhere(rows),
    damaged,
    balance,
  };
}

/** A table whose file is missing has no rows to read; CHECK TABLE complains of it. */
async function readElsewhere(rows: (sql: string) => Promise<RowDataPacket[]>) {
  const tables = await rows(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${ELSEWHERE}'`,
  );
  const found = new Map<string, ReadonlySet<number>>();
  for (const { name } of tables) {
    const entries = await rows(`SELECT entry FROM ${ELSEWHERE}.${name}`).catch(() => []);
    found.set(name, new Set(entries.map(({ entry }) => Number(entry))));
  }
  return found;
}

/** Every entry in the ledgers. */
export async function readEntries(connection: Connection, ledgers: readonly Ledger[]): Promise<ReadonlySet<EntryKey>> {
  const entries = new Set<EntryKey>();
  for (const ledger of ledgers) {
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT writer, seq FROM ${SCHEMA}.${ledger}`);
    for (const row of rows) entries.add(entryKey(ledger, Number(row['writer']), Number(row['seq'])));
  }
  return entries;
}
