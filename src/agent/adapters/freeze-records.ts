import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FreezeRecord, FreezeRecords } from '../ports.ts';
import { FREEZE_RECORDS } from '../state-paths.ts';

/** The records in the state folder. */
export const freezeRecords: FreezeRecords = {
  list() {
    if (!existsSync(FREEZE_RECORDS)) return [];
    return readdirSync(FREEZE_RECORDS).map((name) => {
      const file = join(FREEZE_RECORDS, name);
      return { file, ...fileSystemOf(readFileSync(file, 'utf8')) };
    });
  },

  remove({ file }) {
    rmSync(file, { force: true });
  },
};

/**
 * `MAJOR:MINOR MOUNT`, or (older versions) the mount point alone. Empty where its guard was killed while writing it: the
 * mount point is empty then.
 */
function fileSystemOf(record: string): Omit<FreezeRecord, 'file'> {
  const [, device, mountPoint] = /^(\d+:\d+) (.*)$/s.exec(record) ?? [];
  return device === undefined || mountPoint === undefined ? { mountPoint: record } : { mountPoint, device };
}
