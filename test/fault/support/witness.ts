import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EbsStore } from '../../../src/lab/world.ts';
import { formatBinlog } from '../../../src/shared/coordinates.ts';
import type { FaultHost } from './fault-host.ts';

/** What a set really is: how the host stood at the moment at which EC2 captured it. */
export interface Captured {
  readonly allFrozen: boolean;
  /** Where the server's binary log ended, as a file: it knows nothing of what the agent has asked or written. */
  readonly binlog: string;
}

/** A store that keeps no bytes but sees by itself what the bytes would be worth. */
export function witness(host: FaultHost): EbsStore & { readonly captured: ReadonlyMap<string, Captured> } {
  const captured = new Map<string, Captured>();
  return {
    captured,
    async capture(_instance, members) {
      const truth = { allFrozen: host.frozen().length === host.mounts.length, binlog: endOfBinlog(host.binlogFolder) };
      for (const { snapshotId } of members) captured.set(snapshotId, truth);
    },
  };
}

function endOfBinlog(folder: string): string {
  const file =
    readdirSync(folder)
      .filter((name) => /\.\d+$/.test(name))
      .sort()
      .at(-1) ?? '';
  return formatBinlog({ file, position: statSync(join(folder, file)).size });
}
