import type { Connection } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import { startLoad, type WriteLoad } from '../load/write-load.ts';
import type { StandingHost, StandingLab } from '../standing/standing-lab.ts';
import type { LabVolume } from '../world.ts';
import type { CaptureWitness } from './capture-witness.ts';
import { type Sentinel, startSentinel } from './sentinel.ts';

/** The one host of a soak, with those who watch it. */
export interface SoakedHost extends Disposable {
  readonly lab: StandingLab;
  readonly host: StandingHost;
  readonly load: WriteLoad;
  /** One on each file system that has files of the server, or may get some. */
  readonly sentinels: readonly Sentinel[];
  readonly witness: CaptureWitness;
  /** The block device of the data's volume. */
  readonly dataDevice: string;
  /** As root: commits now and then, to see whether that goes through. */
  readonly committer: Connection;
}

/** A database whose folder another file system may cover. */
export const COVERED = 'covered';

/** How many volumes hold files of the server in any case: data and binary log. */
export const MEMBERS = 2;

/** A soak takes as long as it takes; the binary log of the load must not fill its volume. */
const KEEP_BINLOG_SECONDS = 300;

export async function prepareHost(lab: StandingLab, witness: CaptureWitness, program: string): Promise<SoakedHost> {
  const { shell, hosts } = lab;
  const [host] = hosts;
  if (!host) throw new RunError('bug', 'a soak needs a host');
  const { data, binlog, other, datadir, logBin } = host.paths;
  const volumes = host.volumes.filter(({ isBoot }) => !isBoot);
  const mounts = await Promise.all(
    [data, binlog, other].map(async (mountPoint, index) => ({
      volumeId: volumeAt(volumes, index).volumeId,
      sentinel: await startSentinel(shell, program, mountPoint),
    })),
  );
  witness.watch({ shell, mounts, datadir, logBin, bytes: lab.ebs });
  const committer = await host.server.connect();
  await committer.query(`SET GLOBAL binlog_expire_logs_seconds = ${KEEP_BINLOG_SECONDS}`);
  await committer.query('CREATE DATABASE soak');
  await committer.query(`CREATE DATABASE ${COVERED}`);
  await committer.query('CREATE TABLE soak.marks (run INT, mark INT, PRIMARY KEY (run, mark)) ENGINE=InnoDB');
  await committer.query('CREATE TABLE soak.commits (kills INT NOT NULL) ENGINE=InnoDB');
  const load = await startLoad(shell, program, host.server.socket);
  // All else ends with the lab, by force; a connection whose server is killed under it would complain.
  const sentinels = mounts.map(({ sentinel }) => sentinel);
  const dataDevice = volumeAt(volumes, 0).device;
  return { lab, host, load, sentinels, witness, dataDevice, committer, [Symbol.dispose]: () => committer.destroy() };
}

/** Of a host's data volumes, which come in the order of their mount points. */
function volumeAt(volumes: readonly LabVolume[], index: number): LabVolume {
  const volume = volumes[index];
  if (!volume) throw new RunError('bug', 'a host has fewer volumes than mount points');
  return volume;
}
