import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { type RunId, SnapshotId, setId } from '../../shared/ids.ts';
import type { Grade } from '../../shared/result.ts';
import { TAG, TAG_LIMITS, type Tags } from '../../shared/tags.ts';
import type { Ec2Snapshot } from '../aws/ec2/state.ts';
import { hostUserId } from '../aws/iam/principals.ts';
import type { LabVolume } from '../world.ts';
import type { PlannedHost } from './plan-fleet.ts';

const members = ({ volumes }: PlannedHost): readonly LabVolume[] => volumes.filter(({ isBoot }) => !isBoot);

/** The ids of the snapshots that a run leaves of a host. */
export const snapshotIds = (host: PlannedHost, run: RunId): SnapshotId[] =>
  members(host).map((volume) => snapshotIdOf(run, volume));

/** The snapshots that a host's run leaves in EC2, with all the tags of a real set. `takenAt` is the lab's time. */
export function simulatedSet(host: PlannedHost, run: RunId, grade: Grade, takenAt: number): readonly Ec2Snapshot[] {
  const tags = setTags(host, run, grade, new Date(takenAt));
  return members(host).map((volume) => ({
    snapshotId: snapshotIdOf(run, volume),
    volumeId: volume.volumeId,
    sizeGiB: volume.sizeGiB,
    description: `binlog ${host.binlog}, mysql-ebs-snapshot ${setId(run, host.instanceId)}`,
    startTime: new Date(takenAt),
    completesAt: takenAt + host.completionMs,
    failsAt: host.memberFailsMs === undefined ? undefined : takenAt + host.memberFailsMs,
    tags: new Map(Object.entries({ ...volume.tags, ...tags })),
  }));
}

function setTags(host: PlannedHost, run: RunId, grade: Grade, takenAt: Date): Tags {
  const { instanceId, gtid } = host;
  return {
    [TAG.name]: `${compactTime(takenAt)}_${host.name}`,
    [TAG.set]: setId(run, instanceId),
    [TAG.run]: run,
    [TAG.instance]: instanceId,
    [TAG.owner]: hostUserId(instanceId),
    [TAG.level]: 'application',
    [TAG.grade]: grade,
    [TAG.members]: String(members(host).length),
    [TAG.server]: host.server,
    [TAG.serverUuid]: host.serverUuid,
    [TAG.datadir]: '/var/lib/mysql',
    [TAG.binlog]: host.binlog,
    ...(gtid !== undefined && { [TAG.gtid]: gtidTag(gtid) }),
    [TAG.takenAt]: takenAt.toISOString(),
  };
}

/** As the agent writes it: whole, or its hash where it is longer than a tag. */
export const gtidTag = (gtid: string): string =>
  gtid.length <= TAG_LIMITS.value ? gtid : `sha256:${createHash('sha256').update(gtid).digest('hex')}`;

/** `YYYYMMDD_HHMMSS` in UTC. */
const compactTime = (time: Date): string => time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');

const snapshotIdOf = (run: RunId, { volumeId }: LabVolume): SnapshotId =>
  v.parse(SnapshotId, `snap-${createHash('sha256').update(`${run} ${volumeId}`).digest('hex').slice(0, 17)}`);
