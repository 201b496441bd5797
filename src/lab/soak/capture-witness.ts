import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BinlogPosition } from '../../shared/coordinates.ts';
import { messageOf, RunError } from '../../shared/errors.ts';
import type { SnapshotId, VolumeId } from '../../shared/ids.ts';
import type { Shell } from '../machine/shell.ts';
import type { EbsStore } from '../world.ts';
import { monotonicMs } from './monotonic.ts';
import type { Sentinel } from './sentinel.ts';
import { becomes } from './waiting.ts';

/** What was true on the host while EC2 took a set. */
export interface Capture {
  /** Where the server's binary log ended, by its files: a server that hangs in a frozen write cannot keep it back. */
  readonly binlogEnd: BinlogPosition;
  /** What was not frozen from the beginning to the end, in words; answers when everything has been thawed. */
  readonly unfrozen: Promise<readonly string[]>;
}

interface Watched {
  readonly shell: Shell;
  readonly sentinels: readonly Sentinel[];
  readonly logBin: string;
}

/**
 * The store of a soak's EBS: keeps the truth about each set instead of its bytes, which are the rehearsal's to prove
 * and would fill the disk.
 */
export class CaptureWitness implements EbsStore {
  #watched: Watched | undefined;
  readonly #captures = new Map<SnapshotId, Capture>();

  /** From here on this host is looked at. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  captureOf(snapshotId: SnapshotId): Capture | undefined {
    return this.#captures.get(snapshotId);
  }

  async capture(_: string, members: readonly { snapshotId: SnapshotId; volumeId: VolumeId }[]): Promise<void> {
    if (!this.#watched) throw new RunError('bug', 'a set is taken of a host that nobody watches');
    const { shell, sentinels, logBin } = this.#watched;
    const frozen = await Promise.all(sentinels.map((each) => isFrozen(shell, each)));
    const began = monotonicMs();
    // Asked now, because a sentinel does not remember for ever, and answered after the thaw.
    const thaws = Promise.all(sentinels.map((each) => each.writeInFlightAt(began)));
    const binlogEnd = await endOfBinlog(logBin);
    const ended = monotonicMs();
    const unfrozen = thaws.then((thawedAt) =>
      sentinels.flatMap(({ mountPoint }, index) => {
        if (!frozen[index]) return [`${mountPoint} was not frozen`];
        return (thawedAt[index] ?? 0) > ended ? [] : [`${mountPoint} took writes meanwhile`];
      }),
    );
    unfrozen.catch(() => undefined);
    for (const { snapshotId } of members) this.#captures.set(snapshotId, { binlogEnd, unfrozen });
  }
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
