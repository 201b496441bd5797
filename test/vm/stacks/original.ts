import { randomBytes } from 'node:crypto';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as v from 'valibot';
import type { EmbeddedAws } from '../../../src/lab/aws/embedded-aws.ts';
import type { BinlogContents } from '../../../src/lab/rehearsal/binlog-text.ts';
import { InstanceId, SnapshotId, VolumeId } from '../../../src/shared/ids.ts';
import { decodeResult, type Result } from '../../../src/shared/result.ts';
import { TAG, type Tags } from '../../../src/shared/tags.ts';
import type { GuestDisk } from '../guest/drive.ts';
import { bootGuest, diskPath, type Guest } from '../guest/guest.ts';
import { installAgent, makeAgentAccount, sql } from '../installed-agent.ts';
import buildStacks from './build.sh';
import type { DiskCopies } from './disk-copies.ts';
import { type Acknowledged, acknowledged, binlogFrom, moreCommits, startLoad } from './ledger.ts';

const INSTANCE = v.parse(InstanceId, 'i-0aaaaaaaaaaaaaaaa');
const RUN = 'stacks';

/** In the order of build.sh. */
const DISKS: readonly GuestDisk[] = Array.from({ length: 14 }, (_, index) => ({
  serial: `vol0aaaaaaaaaaaaaa${(index + 1).toString(16).padStart(2, '0')}`,
  sizeGiB: 1,
}));
/** The disks that are the server's. */
export const SERVERS_DISKS = DISKS.slice(0, -1);

/** What opens the LUKS volume: no set holds it. */
export const LUKS_KEY = randomBytes(32).toString('hex');

export interface Snapshot {
  readonly snapshotId: SnapshotId;
  readonly volumeId: VolumeId;
  readonly tags: Tags;
}

/** A set and its origin, which is gone. */
export interface TakenSet {
  readonly result: Result;
  readonly snapshots: readonly Snapshot[];
  /** What the writers saw acknowledged, before the set, while it was taken and after it. */
  readonly acknowledged: readonly Acknowledged[];
  /** What the origin's binary log holds after the coordinates of the result. */
  readonly after: BinlogContents;
  /** The origin's GTID position at those coordinates, by its own count. */
  readonly gtid: string;
}

/** Takes a set of a server that keeps its files on a storage stack of every kind, under load. */
export async function takeSet(aws: EmbeddedAws, store: DiskCopies): Promise<TakenSet> {
  await using guest = await bootGuest(DISKS);
  store.attach(INSTANCE, guest);
  await guest.install('/root/sealed.key', LUKS_KEY, '600');
  await guest.run(['bash', '-s', '--', ...DISKS.map(diskPath)], buildStacks);
  await startServer(guest);
  await makeAgentAccount(guest);
  await startLoad(guest);
  await moreCommits(guest, 20);

  await using agent = await installAgent(guest, aws, { instanceId: INSTANCE, disks: DISKS });
  const patience = ['--lock-timeout', '30', '--freeze-timeout', '60'];
  const { stdout, stderr } = await agent.run('take', 'snapshot', '--run-id', RUN, ...patience);
  const result = decodeResult(stdout.trim());
  if (result?.binlog === undefined) throw new Error(`${stdout}\n${stderr}`);
  await moreCommits(guest, 20);

  const [file = '', position = ''] = result.binlog.split(':');
  const taken = {
    result,
    snapshots: await findSet(aws),
    acknowledged: await acknowledged(guest),
    after: await binlogFrom(guest, '/binlog/mysql', { file, position: Number(position) }),
    gtid: await sql(guest, `SELECT BINLOG_GTID_POS('${file}', ${position})`),
  };
  await aws.removeHost(INSTANCE);
  return taken;
}

async function startServer(guest: Guest): Promise<void> {
  await guest.run(['cp', '--archive', '--no-target-directory', '/var/lib/mysql', '/data/mysql']);
  await guest.run(['mv', '/data/mysql/ib_logfile0', '/redo/mysql']);
  const options = [
    ...['[mariadbd]', 'datadir=/data/mysql', 'log_bin=/binlog/mysql/binlog', 'server_id=1', 'binlog_format=ROW'],
    ...['innodb_log_group_home_dir=/redo/mysql', 'innodb_log_file_size=32M', 'innodb_buffer_pool_size=64M'],
    ...['innodb_undo_directory=/undo/mysql', 'innodb_undo_tablespaces=3'],
  ];
  await guest.install('/etc/mysql/mariadb.conf.d/90-volumes.cnf', `${options.join('\n')}\n`, '644');
  await guest.run(['systemctl', 'start', 'mariadb.service']);
}

async function findSet(aws: EmbeddedAws): Promise<readonly Snapshot[]> {
  const ec2 = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });
  const Filters = [{ Name: `tag:${TAG.set}`, Values: [`${RUN}/${INSTANCE}`] }];
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }));
  return Snapshots.map(({ SnapshotId: id, VolumeId: volume, Tags: tags = [] }) => ({
    snapshotId: v.parse(SnapshotId, id),
    volumeId: v.parse(VolumeId, volume),
    tags: Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])),
  }));
}
