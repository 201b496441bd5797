import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BinlogPosition } from '../../shared/coordinates.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { InstanceId, SnapshotId, VolumeId } from '../../shared/ids.ts';
import { mountsBelow } from '../machine/kernel-mounts.ts';
import type { Shell } from '../machine/shell.ts';
import type { EbsStore } from '../world.ts';
import { filesElsewhere } from './files-elsewhere.ts';
import { monotonicMs } from './monotonic.ts';
import type { Sentinel } from './sentinel.ts';
import { becomes } from './waiting.ts';

/** What was true on the host while EC2 took a set. */
export interface Capture {
  /** `monotonicMs()` of its beginning: what was acknowledged before is in the image. */
  readonly began: number;
  /** Where the server's binary log ended, by its files: a server that hangs in a frozen write cannot keep it back. */
  readonly binlogEnd: BinlogPosition;
  /** Everything that the server's files lay on. */
  readonly holdings: readonly Holding[];
  /** What of the holdings was not frozen from the beginning to the end, in words; answers when everything has been thawed. */
  readonly unfrozen: Promise<readonly string[]>;
}

/** Where the server has files: one of the watched mounts, or another file system. */
export interface Holding {
  readonly path: string;
  /** Absent where that is no volume of the host. */
  readonly volumeId?: VolumeId;
}

/** A mounted volume, and who tells whether it takes writes. */
export interface WatchedMount {
  readonly volumeId: VolumeId;
  readonly sentinel: Sentinel;
}

interface Watched {
  readonly shell: Shell;
  readonly mounts: readonly WatchedMount[];
  readonly datadir: string;
  readonly logBin: string;
  /** Keeps the bytes as well, where they are asked for. */
  readonly bytes: EbsStore;
}

/**
 * The store of a soak's EBS: keeps the truth about each set; its bytes, which are the rehearsal's to prove and would fill
 * the disk, only of a run for which they are asked.
 */
export class CaptureWitness implements EbsStore {
  /** Whether the bytes of the sets to come are kept. */
  keepsBytes = false;
  #watched: Watched | undefined;
  readonly #captures = new Map<SnapshotId, Capture>();

  /** From here on this host is looked at. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  captureOf(snapshotId: SnapshotId): Capture | undefined {
    return this.#captures.get(snapshotId);
  }

  async capture(
    instanceId: InstanceId,
    members: readonly { snapshotId: SnapshotId; volumeId: VolumeId }[],
  ): Promise<void> {
    if (!this.#watched) throw new RunError('bug', 'a set is taken of a host that nobody watches');
    const { shell, mounts, datadir, logBin, bytes } = this.#watched;
    const folders = [datadir, dirname(logBin)];
    const paths = [...folders, ...(await filesElsewhere(folders))];
    const holdings = await Promise.all(paths.map((path) => holdingOf(path, mounts)));
    const sentinels = mounts
      .filter(({ volumeId }) => holdings.some((holding) => holding.volumeId === volumeId))
      .map(({ sentinel }) => sentinel);
    const frozen = await Promise.all(sentinels.map((each) => isFrozen(shell, each)));
    const began = monotonicMs();
    // Asked now, because a sentinel does not remember for ever, and answered after the thaw.
    const thaws = Promise.all(sentinels.map((each) => each.writeInFlightAt(began)));
    const binlogEnd = await endOfBinlog(logBin);
    if (this.keepsBytes) await bytes.capture(instanceId, members);
    const ended = monotonicMs();
    const unfrozen = thaws.then((thawedAt) =>
      sentinels.flatMap(({ mountPoint }, index) => {
        if (!frozen[index]) return [`${mountPoint} was not frozen`];
        return (thawedAt[index] ?? 0) > ended ? [] : [`${mountPoint} took writes meanwhile`];
      }),
    );
    unfrozen.catch(() => undefined);
    for (const { snapshotId } of members) this.#captures.set(snapshotId, { began, binlogEnd, holdings, unfrozen });
  }
}

/** The volume on which a path lies: that of the mount point above it, unless another file system is mounted between. */
async function holdingOf(path: string, mounts: readonly WatchedMount[]): Promise<Holding> {
  const above = (mountPoint: string) => path === mountPoint || path.startsWith(`${mountPoint}/`);
  const mount = mounts.find(({ sentinel }) => above(sentinel.mountPoint));
  if (!mount) return { path };
  const covers = (await mountsBelow(mount.sentinel.mountPoint)).filter(({ mountPoint }) => above(mountPoint));
  return covers.length > 1 ? { path } : { path, volumeId: mount.volumeId };
}

/** On a busy machine a sentinel may have to wait this long for the processor before it meets the freeze. */
const HANG_MS = 500;

/**
 * Only freezing can tell, and it is asked of what hangs alone: a file system that takes writes must not be frozen by
 * us in the middle of a run.
 */
async function isFrozen(shell: Shell, { mountPoint, hangs, takesWrites }: Sentinel): Promise<boolean> {
  // EC2 must not be held up by this for longer than it takes to know.
  const isThawed = takesWrites().then(() => false);
  isThawed.catch(() => undefined);
  if (!(await Promise.race([becomes(HANG_MS, hangs, shell.signal), isThawed]))) return false;
  try {
    await shell.run(['fsfreeze', '--freeze', mountPoint], { environment: { LC_ALL: 'C' } });
  } catch (error) {
    if (messageOf(error).includes('Device or resource busy')) return true;
    throw error;
  }
  await shell.run(['fsfreeze', '--unfreeze', mountPoint]);
  return false;
}

/** The last file and its size. `logBin` is path and base name, as `--log-bin` has them. */
async function endOfBinlog(logBin: string): Promise<BinlogPosition> {
  const names = (await readdir(dirname(logBin))).filter((name) => /\.\d+$/.test(name));
  const file = names
    .filter((name) => name.startsWith(`${basename(logBin)}.`))
    .sort()
    .at(-1);
  if (file === undefined) throw new RunError('bug', `${logBin} has no files`);
  return { file, position: (await stat(join(dirname(logBin), file))).size };
}
