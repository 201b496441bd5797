import { createHash } from 'node:crypto';
import { type Coordinates, formatBinlog } from '../../shared/coordinates.ts';
import { TAG, TAG_LIMITS, type Tags } from '../../shared/tags.ts';
import type { CreateSetRequest } from '../ports.ts';
import type { SnapshotPlan } from './snapshot-plan.ts';

/** [API model] */
const DESCRIPTION_LENGTH = 255;

/**
 * The one CreateSnapshots request, whole. `takenAt` is when the coordinates were read; `owner` the caller's
 * `aws:userid` where it is known.
 */
export function createSetRequest(
  plan: SnapshotPlan,
  coordinates: Coordinates,
  takenAt: Date,
  owner: string | undefined,
): CreateSetRequest {
  return {
    instanceId: plan.instanceId,
    excludeBootVolume: plan.exclude.bootVolume,
    excludeDataVolumeIds: plan.exclude.dataVolumes,
    description: describe(plan, coordinates),
    tags: {
      [TAG.name]: `${compactTime(takenAt)}_${plan.facts.instance.name}`.slice(0, TAG_LIMITS.value).toWellFormed(),
      ...plan.tags,
      ...(owner === undefined ? {} : { [TAG.owner]: owner }),
      [TAG.takenAt]: takenAt.toISOString(),
      ...coordinateTags(coordinates),
    },
  };
}

/** `YYYYMMDD_HHMMSS` in UTC. */
const compactTime = (time: Date): string => time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');

function coordinateTags({ binlog, gtid }: Coordinates): Tags {
  return {
    ...(binlog === undefined ? {} : { [TAG.binlog]: formatBinlog(binlog) }),
    ...(gtid === undefined ? {} : { [TAG.gtid]: shortGtid(gtid, TAG_LIMITS.value) }),
  };
}

/** The GTID set, or its hash where it is longer than `limit` characters: the manifest has it whole. */
export const shortGtid = (gtid: string, limit: number): string =>
  gtid.length <= limit ? gtid : `sha256:${createHash('sha256').update(gtid).digest('hex')}`;

const withoutCoordinates = ({ level, facts }: SnapshotPlan): string =>
  level === 'crash' && facts.server.binlogEnabled ? 'coordinates where recovery ends' : 'binary log off';

/** The coordinates first, because what does not fit is cut from the end. EC2 takes ASCII only. */
function describe(plan: SnapshotPlan, { binlog, gtid }: Coordinates): string {
  const parts = [
    binlog === undefined ? withoutCoordinates(plan) : `binlog ${formatBinlog(binlog)}`,
    ...(gtid === undefined ? [] : [`gtid ${shortGtid(gtid, 100)}`]),
    plan.description ?? `mysql-ebs-snapshot ${plan.set}`,
  ];
  return parts
    .join(', ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, DESCRIPTION_LENGTH);
}
