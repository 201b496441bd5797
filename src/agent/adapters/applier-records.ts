import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplierRecord, ApplierRecords } from '../ports.ts';
import { APPLIER_RECORDS } from '../window/state-folder.ts';

/** The records in the state folder: one statement a line. One that is empty stands for nothing stopped. */
export const applierRecords: ApplierRecords & { add(file: string, start: readonly string[]): ApplierRecord } = {
  list() {
    if (!existsSync(APPLIER_RECORDS)) return [];
    return readdirSync(APPLIER_RECORDS).map((name) => {
      const file = join(APPLIER_RECORDS, name);
      return { file, start: readFileSync(file, 'utf8').split('\n').filter(Boolean) };
    });
  },

  add(file, start) {
    mkdirSync(APPLIER_RECORDS, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${start.join('\n')}\n`, { mode: 0o600 });
    return { file, start };
  },

  remove({ file }) {
    rmSync(file, { force: true });
  },
};
