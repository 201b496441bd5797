import { binlogInfoLine, type Coordinates } from '../../shared/coordinates.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE } from '../../shared/manifest.ts';
import { manifestOf } from './manifest.ts';
import type { SnapshotPlan } from './snapshot-plan.ts';

/** The names of the files that travel in the set. */
export const SET_FILES = [BINLOG_INFO_FILE, MANIFEST_FILE] as const;

/**
 * The files that travel in the set: name -> one line of text, or null where there must be none: where there are no
 * coordinates to tell, those of an earlier set are wrong.
 */
export const setFiles = (
  plan: SnapshotPlan,
  coordinates: Coordinates,
  takenAt: Date,
): Readonly<Record<string, string | null>> => ({
  [BINLOG_INFO_FILE]: coordinates.binlog ? binlogInfoLine(coordinates.binlog) : null,
  [MANIFEST_FILE]: JSON.stringify(manifestOf(plan, coordinates, takenAt)),
});
