import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FreezeRecords } from '../ports.ts';
import { FREEZE_RECORDS } from '../state-paths.ts';

/** The records in the state folder. One that is empty (its guard was killed while writing it) stands for nothing frozen. */
export const freezeRecords: FreezeRecords = {
  list() {
    if (!existsSync(FREEZE_RECORDS)) return [];
    return readdirSync(FREEZE_RECORDS).map((name) => {
      const file = join(FREEZE_RECORDS, name);
      return { file, mount: readFileSync(file, 'utf8') };
    });
  },

  remove({ file }) {
    rmSync(file, { force: true });
  },
};
