import { binlogInfoLine, type Coordinates } from '../../shared/coordinates.ts';
import { BINLOG_INFO_FILE, MANIFEST_FILE } from '../../shared/manifest.ts';
import { manifestOf } from './manifest.ts';
import type { SnapshotPlan } from './snapshot-plan.ts';

/** The files that travel in the set: name -> one line of text. With the binary log off there are no coordinates to tell. */
export const setFiles = (
  plan: SnapshotPlan,
  coordinates: Coordinates,
  takenAt: Date,
): Readonly<Record<string, string>> => ({
  ...(coordinates.binlog && { [BINLOG_INFO_FILE]: binlogInfoLine(coordinates.binlog) }),
  [MANIFEST_FILE]: JSON.stringify(manifestOf(plan, coordinates, takenAt)),
});
