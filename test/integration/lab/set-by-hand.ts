import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import * as v from 'valibot';
import type { EbsOnBtrfs } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import { newVolumeId } from '../../../src/lab/ebs/ebs-on-btrfs.ts';
import type { SimulatedHost } from '../../../src/lab/hosts/simulated-host.ts';
import { BEYOND_THE_SET, type WriteLoad } from '../../../src/lab/load/write-load.ts';
import type { Shell } from '../../../src/lab/machine/shell.ts';
import type { TakenSet } from '../../../src/lab/rehearsal/restore-set.ts';
import { binlogInfoLine, type Channel, type Coordinates } from '../../../src/shared/coordinates.ts';
import { SnapshotId } from '../../../src/shared/ids.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE, type Manifest } from '../../../src/shared/manifest.ts';

export interface Lapses {
  /**
   * No commit is held back and nothing recorded: a set of level crash. DDL is: the file system's journal does not follow
   * the binary log, and MariaDB's recovery does not repeat what of a DROP or ALTER in the log had not got to the disk.
   */
  readonly level?: 'crash';
  /** No lock at all: the coordinates are those of a moment before the capture. */
  readonly withoutLock?: true;
  /** The log is rotated under the lock, and the checkpoint that belongs to it comes after the coordinates. */
  readonly lateCheckpoint?: true;
  /** The set holds a data directory on which no server starts. */
  readonly withoutRedoLog?: true;
  /** The volumes of the set: `[first, end)` of data, binlog, other. */
  readonly volumes?: readonly [number, number];
}

/** Takes a set of a host as the agent does, by hand; or with a lapse, to see that the proof notices. A replica's has its source's coordinates. */
export async function takeSetByHand(
  shell: Shell,
  ebs: EbsOnBtrfs,
  host: SimulatedHost,
  load: WriteLoad,
  lapses: Lapses = {},
): Promise<TakenSet> {
  const connection = await host.server.connect();
  const isLocked = !lapses.withoutLock && lapses.level !== 'crash';
  const stages = ['START', 'FLUSH', 'BLOCK_DDL', ...(isLocked ? ['BLOCK_COMMIT'] : [])];
  if (!lapses.withoutLock) for (const stage of stages) await connection.query(`BACKUP STAGE ${stage}`);
  const row = async (sql: string) => (await connection.query<RowDataPacket[]>(sql))[0][0];
  const place = async () => {
    const status = await row('SHOW BINLOG STATUS');
    return { file: String(status?.['File']), position: Number(status?.['Position']) };
  };
  if (lapses.lateCheckpoint) await connection.query('FLUSH LOGS');
  const binlog = await place();
  if (lapses.lateCheckpoint) while ((await place()).position === binlog.position) await sleep(10);
  if (isLocked) await redoFlushed(connection);
  const gtid = String((await row('SELECT @@GLOBAL.gtid_binlog_pos AS gtid'))?.['gtid']);
  const manifest: Manifest = {
    v: 1,
    run: 'by-hand',
    set: `by-hand/${host.instanceId}`,
    instance: host.instanceId,
    region: 'eu-lab-1',
    level: lapses.level ?? 'application',
    takenAt: new Date().toISOString(),
    server: { flavour: 'mariadb', version: '10.11.0', serverId: host.serverId },
    coordinates: lapses.level === 'crash' ? {} : { binlog, ...(gtid && { gtid }), ...(await executed(connection)) },
    members: [],
    fileSystems: [],
    settings: {},
    warnings: [],
  };
  await writeFile(join(host.paths.datadir, MANIFEST_FILE), JSON.stringify(manifest));
  if (lapses.level !== 'crash') await writeFile(join(host.paths.datadir, BINLOG_INFO_FILE), binlogInfoLine(binlog));
  if (lapses.withoutLock) await load.hasDone(BEYOND_THE_SET);
  if (lapses.withoutRedoLog) await rm(join(host.paths.datadir, 'ib_logfile0'));
  await shell.run(['sync', '--file-system', host.paths.data, host.paths.binlog]);
  const ofHost = host.volumes.filter(({ isBoot }) => !isBoot);
  const members = ofHost.slice(...(lapses.volumes ?? [0, 2])).map(({ volumeId }) => ({
    volumeId,
    snapshotId: v.parse(SnapshotId, newVolumeId().replace('vol-', 'snap-')),
  }));
  await ebs.capture(host.instanceId, members);
  if (!lapses.withoutLock) await connection.query('BACKUP STAGE END');
  await connection.end();
  return { name: manifest.set, snapshotIds: members.map(({ snapshotId }) => snapshotId) };
}

/** What a replica has executed: a place that is exact only where its parallel workers stand still. */
async function executed(connection: Connection): Promise<Pick<Coordinates, 'replica'>> {
  const [[row]] = await connection.query<RowDataPacket[]>('SHOW ALL SLAVES STATUS');
  if (!row) return {};
  const [[position]] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_slave_pos AS gtid');
  const channel: Channel = {
    name: '',
    source: { host: row['Master_Host'], port: row['Master_Port'] },
    binlog: { file: row['Relay_Master_Log_File'], position: Number(row['Exec_Master_Log_Pos']) },
    exact: row['Slave_SQL_Running'] === 'No',
    autoPosition: true,
  };
  return { replica: { gtid: position?.['gtid'], channels: [channel] } };
}

async function redoFlushed(connection: Connection): Promise<void> {
  const lsn = async (name: string) => {
    const [rows] = await connection.query<RowDataPacket[]>(`SHOW GLOBAL STATUS LIKE '${name}'`);
    return BigInt(rows[0]?.['Value'] ?? '');
  };
  const target = await lsn('Innodb_lsn_current');
  while ((await lsn('Innodb_lsn_flushed')) < target) await sleep(10);
}
