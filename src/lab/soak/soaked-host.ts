import type { Connection } from 'mysql2/promise';
import { RunError } from '../../shared/errors.ts';
import { startLoad, type WriteLoad } from '../load/write-load.ts';
import type { StandingHost, StandingLab } from '../standing/standing-lab.ts';
import type { CaptureWitness } from './capture-witness.ts';
import { type Sentinel, startSentinel } from './sentinel.ts';

/** The one host of a soak, with those who watch it. */
export interface SoakedHost extends Disposable {
  readonly lab: StandingLab;
  readonly host: StandingHost;
  readonly load: WriteLoad;
  /** One on each file system of the server. */
  readonly sentinels: readonly Sentinel[];
  readonly witness: CaptureWitness;
  /** As root: commits now and then, to see whether that goes through. */
  readonly committer: Connection;
}

/** How many volumes hold the server's files: data and binary log. */
export const MEMBERS = 2;

/** A soak takes as long as it takes; the binary log of the load must not fill its volume. */
const KEEP_BINLOG_SECONDS = 300;

export async function prepareHost(lab: StandingLab, witness: CaptureWitness, program: string): Promise<SoakedHost> {
  const { shell, hosts } = lab;
  const [host] = hosts;
  if (!host) throw new RunError('bug', 'a soak needs a host');
  const mounts = [host.paths.data, host.paths.binlog];
  const sentinels = await Promise.all(mounts.map((mount) => startSentinel(shell, program, mount)));
  witness.watch({ shell, sentinels, logBin: host.paths.logBin });
  const committer = await host.server.connect();
  await committer.query(`SET GLOBAL binlog_expire_logs_seconds = ${KEEP_BINLOG_SECONDS}`);
  await committer.query('CREATE DATABASE soak');
  await committer.query('CREATE TABLE soak.commits (kills INT NOT NULL) ENGINE=InnoDB');
  const load = await startLoad(shell, program, host.server.socket);
  // All else ends with the lab, by force; a connection whose server is killed under it would complain.
  return { lab, host, load, sentinels, witness, committer, [Symbol.dispose]: () => committer.destroy() };
}
