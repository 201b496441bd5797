import { join } from 'node:path';
import type { RunId } from '../shared/ids.ts';

/** What outlives a process but not a boot; the folder belongs to root alone (0700). */
export const STATE_FOLDER = '/run/mysql-ebs-snapshot';
/** flock on this file is the run lock; the guard shares it. */
export const RUN_LOCK = join(STATE_FOLDER, 'run.lock');
/** flock on this file is inherited by every child that writes to the server's file systems. */
export const WRITER_LOCK = join(STATE_FOLDER, 'writers.lock');
/** A file for each mount point that may be frozen by a guard of ours, holding its path. */
export const FREEZE_RECORDS = join(STATE_FOLDER, 'frozen');

/** A file for each run whose watchdog may have left a replica's appliers stopped, holding the statements that start them. */
export const APPLIER_RECORDS = join(STATE_FOLDER, 'appliers');

export const applierRecord = (run: RunId): string => join(APPLIER_RECORDS, run);

/** The record of a run's mounts; with a number, that of one of them. */
export const freezeRecord = (run: RunId, number?: number): string =>
  join(FREEZE_RECORDS, number === undefined ? run : `${run}.${number}`);
