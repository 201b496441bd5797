import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { ApplierRecord, ApplierRecords } from '../ports.ts';
import { ApplierPlan } from '../ports.ts';
import { APPLIER_RECORDS } from '../state-paths.ts';

/** The records in the state folder. One that is not whole (its watchdog was killed while writing it) stands for nothing stopped. */
export const applierRecords: ApplierRecords & { add(file: string, plan: ApplierPlan): ApplierRecord } = {
  list: () => namesIn(APPLIER_RECORDS).flatMap((name) => recordIn(join(APPLIER_RECORDS, name))),

  add(file, plan) {
    mkdirSync(APPLIER_RECORDS, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(plan), { mode: 0o600 });
    return { file, plan };
  },

  remove({ file }) {
    rmSync(file, { force: true });
  },
};

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A watchdog that lives may have removed it meanwhile. */
function recordIn(file: string): readonly ApplierRecord[] {
  try {
    return [{ file, plan: v.parse(ApplierPlan, JSON.parse(readFileSync(file, 'utf8'))) }];
  } catch {
    return [];
  }
}
