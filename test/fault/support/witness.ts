import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EbsStore, LabVolume } from '../../../src/lab/world.ts';
import { formatBinlog } from '../../../src/shared/coordinates.ts';
import type { FaultHost, HostFileSystem } from './fault-host.ts';
import { within } from './within.ts';

/** What a set really is: how the host stood at the moment at which EC2 captured it. */
export interface Captured {
  /** The file systems that hold files of the server, and were not frozen. */
  readonly unfrozen: readonly string[];
  /** Those of which no volume was captured. */
  readonly missing: readonly string[];
  /** Where the server's binary log ended, as a file: it knows nothing of what the agent has asked or written. */
  readonly binlog: string;
  /** Whether the redo log on the volume had every commit that was acknowledged, less the last; a server that is gone does not say. */
  readonly redoIsThere: boolean | 'unknown';
}

/** EC2's answer must not wait for a server that is gone. */
const ANSWER_MS = 1_000;

/**
 * A store that keeps no bytes but sees by itself what the bytes would be worth. `volumesNow`: what EC2 has at the instance.
 */
export function witness(
  host: FaultHost,
  volumesNow: () => readonly LabVolume[],
): EbsStore & { readonly captured: ReadonlyMap<string, Captured> } {
  const captured = new Map<string, Captured>();
  return {
    captured,
    async capture(_instance, members) {
      const used = usedBy(host);
      const taken = new Set<string>(members.map(({ volumeId }) => volumeId));
      const isTaken = ({ volume }: HostFileSystem) =>
        volumesNow().some(({ device, volumeId }) => device === volume.device && taken.has(volumeId));
      const frozen = host.frozen(used);
      const truth = {
        unfrozen: namesOf(used.filter((each) => !frozen.includes(each))),
        missing: namesOf(used.filter((each) => !isTaken(each))),
        binlog: endOfBinlog(host),
        redoIsThere: await isRedoThere(host),
      };
      for (const { snapshotId } of members) captured.set(snapshotId, truth);
    },
  };
}

/** Where the server has files now, by what is there: not by what it, or the mount table, says. */
function usedBy({ fileSystems: { data, binlog, elsewhere } }: FaultHost): readonly HostFileSystem[] {
  return holdsTables(elsewhere.root) ? [data, binlog, elsewhere] : [data, binlog];
}

const holdsTables = (root: string): boolean =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).some((path) => path.endsWith('.ibd'));

const namesOf = (fileSystems: readonly HostFileSystem[]) => fileSystems.map(({ name }) => name);

function endOfBinlog({ fileSystems }: FaultHost): string {
  const folder = join(fileSystems.binlog.root, 'binlog');
  const file =
    readdirSync(folder)
      .filter((name) => /\.\d+$/.test(name))
      .sort()
      .at(-1) ?? '';
  return formatBinlog({ file, position: statSync(join(folder, file)).size });
}

async function isRedoThere(host: FaultHost): Promise<boolean | 'unknown'> {
  try {
    return (await within(ANSWER_MS, 'no answer', host.flushedLsn())) >= host.writer.acknowledgedLsn;
  } catch {
    return 'unknown';
  }
}
