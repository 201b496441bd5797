import * as v from 'valibot';
import { replayCapture } from '../../../src/agent/adapters/capture-replayer.ts';
import { runPlan } from '../../../src/agent/commands/plan.ts';
import { manifestOf } from '../../../src/agent/plan/manifest.ts';
import type { EmbeddedAws } from '../../../src/lab/aws/embedded-aws.ts';
import type { EntryKey } from '../../../src/lab/load/ledger.ts';
import { SCHEMA } from '../../../src/lab/load/schema.ts';
import type { BinlogContents } from '../../../src/lab/rehearsal/binlog-text.ts';
import { InstanceId } from '../../../src/shared/ids.ts';
import { BINLOG_INFO_FILE, Manifest } from '../../../src/shared/manifest.ts';
import { REQUEST } from '../../support/snapshot-request.ts';
import type { GuestDisk } from '../guest/drive.ts';
import { bootGuest, type Guest } from '../guest/guest.ts';
import { installAgent, sql, volumeOf } from '../installed-agent.ts';
import { assemblyOf } from './assembly.ts';
import type { DiskCopies } from './disk-copies.ts';
import findManifest from './find-manifest.sh';
import { binlogFrom, entriesOf, LEDGERS } from './ledger.ts';
import { optionFileOf } from './option-file.ts';
import { LUKS_KEY, type TakenSet } from './original.ts';

const INSTANCE = v.parse(InstanceId, 'i-0bbbbbbbbbbbbbbbb');
const CAPTURE = '/root/capture.json';

/** What was seen of a set that was put back on another machine. */
export interface Restored {
  /** As it was found in the set. */
  readonly manifest: Manifest;
  readonly binlogInfo: string;
  /** What stood after the coordinates in the binary log, before a server was started. */
  readonly beyond: BinlogContents;
  readonly gtid: string;
  /** By table. */
  readonly entries: ReadonlyMap<string, ReadonlySet<EntryKey>>;
  /** The verdict of CHECK TABLE, by table. */
  readonly checked: Readonly<Record<string, string>>;
  /** What a manifest of this machine would say, by the agent's own discovery. */
  readonly found: Manifest;
  /** This machine's volumes, and of which volume each is a copy. */
  readonly originals: ReadonlyMap<string, string>;
}

/**
 * Attaches copies of a set to another machine, as new volumes and in another order, assembles and mounts them as the
 * manifest in the set says, starts the server, and looks.
 */
export async function restore(aws: EmbeddedAws, store: DiskCopies, { snapshots }: TakenSet): Promise<Restored> {
  const copies = snapshots.toReversed().map(({ snapshotId, volumeId }, index) => ({
    original: volumeId,
    disk: {
      serial: `vol0bbbbbbbbbbbbbb${(index + 1).toString(16).padStart(2, '0')}`,
      sizeGiB: 1,
      bytes: store.fileOf(snapshotId),
    } satisfies GuestDisk,
  }));
  const disks = copies.map(({ disk }) => disk);
  await using guest = await bootGuest(disks);

  const manifest = v.parse(Manifest, JSON.parse(await guest.run(['bash', '-s'], findManifest)));
  for (const { argv, needsKey } of assemblyOf(manifest)) await guest.run(argv, needsKey ? LUKS_KEY : '');
  const { binlog } = manifest.coordinates;
  if (binlog === undefined) throw new Error('the manifest holds no place in the binary log');
  const beyond = await binlogFrom(guest, '/binlog/mysql', binlog);
  await guest.install('/etc/mysql/mariadb.conf.d/90-restored.cnf', optionFileOf(manifest), '644');
  await guest.run(['systemctl', 'start', 'mariadb.service']);

  const tables = Object.keys(LEDGERS);
  await using agent = await installAgent(guest, aws, { instanceId: INSTANCE, disks });
  const captured = await agent.run('capture', 'capture', CAPTURE);
  if (captured.status !== 0) throw new Error(captured.stderr);
  const { plan } = await runPlan(REQUEST, replayCapture(await guest.run(['cat', CAPTURE])));
  return {
    manifest,
    binlogInfo: await guest.run(['cat', `/data/mysql/${BINLOG_INFO_FILE}`]),
    beyond,
    gtid: await sql(guest, 'SELECT @@gtid_binlog_pos'),
    entries: new Map(await Promise.all(tables.map(async (table) => [table, await entriesOf(guest, table)] as const))),
    checked: Object.fromEntries(
      await Promise.all(tables.map(async (table) => [table, await verdictOn(guest, table)] as const)),
    ),
    found: manifestOf(plan, manifest.coordinates, new Date(manifest.takenAt)),
    originals: new Map(copies.map(({ disk, original }) => [volumeOf(disk), original])),
  };
}

/** The last line of an answer is its verdict; what stands above it are remarks on the way. */
async function verdictOn(guest: Guest, table: string): Promise<string> {
  const answer = await sql(guest, `CHECK TABLE ${SCHEMA}.${table} EXTENDED`);
  return answer.split('\n').at(-1)?.split('\t').at(-1) ?? '';
}
