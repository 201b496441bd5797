import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { ApplierRecord, ApplierRecords } from '../ports.ts';
import { ApplierPlan, RecordedServer } from '../ports.ts';
import { APPLIER_RECORDS } from '../state-paths.ts';

const Recorded = v.object({ server: RecordedServer, plan: ApplierPlan });

/** The records in the state folder. One that is not whole (its watchdog was killed while writing it) stands for nothing stopped. */
export const applierRecords: ApplierRecords & { add(record: ApplierRecord): void } = {
  list: () => namesIn(APPLIER_RECORDS).flatMap((name) => recordIn(join(APPLIER_RECORDS, name))),

  add({ file, server, plan }) {
    mkdirSync(APPLIER_RECORDS, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify({ server, plan }), { mode: 0o600 });
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
    return [{ file, ...v.parse(Recorded, JSON.parse(readFileSync(file, 'utf8'))) }];
  } catch {
    return [];
  }
}
