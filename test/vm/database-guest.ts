import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as v from 'valibot';
import { type EmbeddedAws, startEmbeddedAws } from '../../src/lab/aws/embedded-aws.ts';
import { InstanceId } from '../../src/shared/ids.ts';
import { TAG } from '../../src/shared/tags.ts';
import { bootGuest, diskPath, type Guest } from './guest/guest.ts';
import type { Finished } from './guest/guest-agent.ts';
import { installAgent, makeAgentAccount, sql as sqlIn } from './installed-agent.ts';

const DATA = { serial: 'vol0aaaaaaaaaaaaaaa1', sizeGiB: 1 };
const BINLOG = { serial: 'vol0aaaaaaaaaaaaaaa2', sizeGiB: 1 };
const WINDOW_DEADLINE_MS = 180_000;

/** After how long a window ends whose run lives. Its guard, left alone, waits longer still. */
export const WINDOW_SECONDS = 60;

/** The binary log's logical volume, as device-mapper calls it. */
export const BINLOG_DM = 'ebs-binlog';

/**
 * A database host whose pid 1 is systemd: MariaDB as a service, its data on XFS on an NVMe disk, its binary log on XFS
 * on LVM on another, a small write load, the installed agent, and an embedded AWS that keeps no bytes.
 */
export interface DatabaseGuest extends AsyncDisposable {
  readonly guest: Guest;
  readonly aws: EmbeddedAws;
  readonly instanceId: InstanceId;
  readonly mounts: readonly string[];
  /** Runs a statement as the server's root and answers the rows, one a line. */
  sql(statement: string): Promise<string>;
  /** How many rows the write load has committed so far. */
  committed(): Promise<number>;
  /** Runs the agent to its end in a transient service of this name. */
  agent(unit: string, ...argv: string[]): Promise<Finished>;
  /**
   * Starts a run in a transient service of the same name, and waits until EC2 has its request: then everything is locked
   * and frozen, and stays so (for WINDOW_SECONDS) until `answer` lets EC2 do its work.
   */
  openWindow(run: string): Promise<{ answer(): void }>;
  /** The grades of the members of a set, as EC2 has them. */
  gradesOf(run: string): Promise<readonly (string | undefined)[]>;
}

export async function databaseGuest(): Promise<DatabaseGuest> {
  const held: AsyncDisposable[] = [];
  const undo = async () => {
    for (const each of held.reverse()) await each[Symbol.asyncDispose]();
  };
  try {
    return { ...(await build(held)), [Symbol.asyncDispose]: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** Puts what has to be given back into `held` as soon as it is there. */
async function build(held: AsyncDisposable[]): Promise<Omit<DatabaseGuest, typeof Symbol.asyncDispose>> {
  const guest = await bootGuest([DATA, BINLOG]);
  held.push(guest);
  await startDatabase(guest);
  const sql: DatabaseGuest['sql'] = (statement) => sqlIn(guest, statement);
  await startLoad(guest, sql);

  let onRequest = (answer: () => void) => answer();
  const aws = await startEmbeddedAws({
    store: { capture: async () => {} },
    orchestrationRoot: tmpdir(),
    callHook: async ({ action, dryRun }) => {
      if (action === 'CreateSnapshots' && !dryRun) await new Promise<void>((resolve) => onRequest(resolve));
    },
  });
  held.push(aws);
  const instanceId = v.parse(InstanceId, 'i-0123456789abcdef0');
  await makeAgentAccount(guest);
  const agent = await installAgent(guest, aws, { instanceId, disks: [DATA, BINLOG] });
  held.push(agent);
  const ec2 = new EC2Client({ endpoint: aws.endpoint, region: aws.region, credentials: aws.administrator });

  return {
    guest,
    aws,
    instanceId,
    mounts: ['/data', '/binlog'],
    sql,
    committed: async () => Number(await sql('SELECT COUNT(*) FROM shop.orders')),
    agent: agent.run,
    async openWindow(run) {
      const requested = new Promise<() => void>((resolve) => {
        onRequest = resolve;
      });
      await agent.start(run, 'snapshot', '--run-id', run, '--freeze-timeout', String(WINDOW_SECONDS));
      const answer = await Promise.race([requested, sleep(WINDOW_DEADLINE_MS, undefined, { ref: false })]);
      onRequest = (answerAtOnce) => answerAtOnce();
      if (!answer) throw new Error(await guest.run(['journalctl', `--unit=${run}`, '--no-pager']));
      return { answer };
    },
    async gradesOf(run) {
      const Filters = [{ Name: `tag:${TAG.set}`, Values: [`${run}/${instanceId}`] }];
      const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }));
      return Snapshots.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === TAG.grade)?.Value);
    },
  };
}

async function startDatabase(guest: Guest): Promise<void> {
  await guest.run(['vgcreate', 'ebs', diskPath(BINLOG)]);
  await guest.run(['lvcreate', '--extents', '100%FREE', '--name', 'binlog', 'ebs']);
  await makeXfs(guest, diskPath(DATA), '/data');
  await makeXfs(guest, '/dev/ebs/binlog', '/binlog');
  await guest.run(['cp', '--archive', '/var/lib/mysql', '/data/mysql']);
  await guest.run(['install', '--directory', '--owner=mysql', '--group=mysql', '/binlog/mysql']);
  const options = [
    ...['[mariadbd]', 'datadir=/data/mysql', 'log_bin=/binlog/mysql/binlog', 'server_id=1'],
    ...['innodb_buffer_pool_size=64M', 'innodb_log_file_size=32M'],
  ];
  await guest.install('/etc/mysql/mariadb.conf.d/90-volumes.cnf', `${options.join('\n')}\n`, '644');
  await guest.run(['systemctl', 'start', 'mariadb.service']);
}

async function makeXfs(guest: Guest, device: string, mount: string): Promise<void> {
  await guest.run(['mkfs.xfs', '-q', device]);
  await guest.run(['mkdir', mount]);
  await guest.run(['mount', device, mount]);
}

/** One client that commits a row every now and then: it says by its rows whether writers go on. */
async function startLoad(guest: Guest, sql: DatabaseGuest['sql']): Promise<void> {
  await sql('CREATE DATABASE shop; CREATE TABLE shop.orders (id SERIAL, at TIMESTAMP(6) DEFAULT NOW(6)) ENGINE=InnoDB');
  const orders = 'while sleep 0.1; do echo "INSERT INTO orders () VALUES ();"; done | mariadb --unbuffered shop';
  await guest.run(['systemd-run', '--quiet', '--unit=load', 'bash', '-c', orders]);
}
