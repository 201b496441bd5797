import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FREEZE_RECORDS } from '../window/state-folder.ts';

/** A mount point that a guard may have left frozen; the guard wrote the record and removes it after the thaw. */
export interface FreezeRecord {
  readonly file: string;
  readonly mount: string;
}

export const freezeRecords = {
  list(): readonly FreezeRecord[] {
    if (!existsSync(FREEZE_RECORDS)) return [];
    return readdirSync(FREEZE_RECORDS).map((name) => {
      const file = join(FREEZE_RECORDS, name);
      return { file, mount: readFileSync(file, 'utf8') };
    });
  },

  remove({ file }: FreezeRecord): void {
    rmSync(file, { force: true });
  },
};
